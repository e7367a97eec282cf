package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func load(ctx context.Context, chosen options, out *json.Encoder) error {
	clients, err := newClients(chosen)
	if err != nil {
		return err
	}
	start := time.Now()
	counted := newTally(start, chosen.window)
	pace := pacer(start, chosen.rate)
	var running sync.WaitGroup
	for _, one := range clients {
		running.Go(func() { one.loop(ctx, chosen, start.Add(chosen.last), pace, counted) })
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	if err := counted.report(out, ended); err != nil {
		return err
	}
	return out.Encode(map[string]summary{"summary": counted.summary(len(clients))})
}

func newClients(chosen options) ([]*client, error) {
	known, err := learn(chosen)
	if err != nil {
		return nil, err
	}
	skipped := map[string]bool{}
	for _, stage := range strings.Split(chosen.skip, ",") {
		skipped[stage] = true
	}
	clients := make([]*client, chosen.clients)
	for i := range clients {
		if clients[i], err = newClient(known, chosen, skipped); err != nil {
			return nil, err
		}
	}
	return clients, nil
}

// pacer says when the next operation is due. At a fixed rate that may have passed: then the operation has waited
// already, and who measures from there does not hide that the servers fell behind.
func pacer(start time.Time, rate float64) func() time.Time {
	if rate <= 0 {
		return time.Now
	}
	var given atomic.Int64
	return func() time.Time {
		return start.Add(time.Duration(float64(given.Add(1)-1) / rate * float64(time.Second)))
	}
}

func (c *client) loop(ctx context.Context, chosen options, end time.Time, pace func() time.Time, counted *tally) {
	for {
		due := pace()
		if !due.Before(end) || !time.Now().Before(end) {
			return
		}
		time.Sleep(time.Until(due))
		done := &operation{stage: map[string]time.Duration{}}
		made, signed := c.sign(ctx, done)
		done.ended = time.Now()
		done.took = done.ended.Sub(due)
		n := counted.add(done)
		if done.failed != "" {
			// A server that refuses at once is not asked in a circle.
			time.Sleep(100 * time.Millisecond)
		} else if chosen.verifyEvery > 0 && n%chosen.verifyEvery == 0 {
			counted.verified(c.verify(made, signed))
		}
	}
}
