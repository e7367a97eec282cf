package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// included tells of one entry in either log.
type included struct {
	// From the request for a certificate to the tree head of the CT log that covers the precertificate.
	CTLog float64 `json:"ctlogMs"`
	// From the entry's submission to Rekor's answer, which it gives with a proof of inclusion.
	Rekor float64 `json:"rekorMs"`
	// The whole signature.
	All float64 `json:"allMs"`
}

// inclusion wants the stack for itself: the tree head that grew is taken for the one that covers its own entry.
func inclusion(ctx context.Context, chosen options, out *json.Encoder) error {
	chosen.clients = 1
	clients, err := newClients(chosen)
	if err != nil {
		return err
	}
	for range chosen.n {
		one, err := include(ctx, clients[0], chosen.ctlog)
		if err != nil {
			return err
		}
		if err := out.Encode(one); err != nil {
			return err
		}
		time.Sleep(chosen.pause)
	}
	return nil
}

func include(ctx context.Context, signer *client, ctlog string) (included, error) {
	before, err := treeSize(ctlog)
	if err != nil {
		return included{}, err
	}
	began := time.Now()
	done := &operation{stage: map[string]time.Duration{}}
	signed := make(chan struct{})
	go func() {
		signer.sign(ctx, done)
		done.took = time.Since(began)
		close(signed)
	}()
	err = waitFor(ctlog, before+1, began.Add(30*time.Second))
	covered := time.Since(began)
	<-signed
	if err := errors.Join(err, done.err); err != nil {
		return included{}, err
	}
	return included{milliseconds(covered), milliseconds(done.stage["rekor"]), milliseconds(done.took)}, nil
}

func waitFor(ctlog string, size uint64, end time.Time) error {
	for time.Now().Before(end) {
		if found, err := treeSize(ctlog); err != nil || found >= size {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the CT log did not grow to %d", size)
}

func treeSize(ctlog string) (uint64, error) {
	answer, err := http.Get(ctlog + "/ct/v1/get-sth")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("get-sth: %s", answer.Status)
	}
	var head struct {
		TreeSize uint64 `json:"tree_size"`
	}
	return head.TreeSize, json.NewDecoder(answer.Body).Decode(&head)
}
