package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// The stages of an operation that a server answers; Fulcio answers after the CT log did.
var stages = []string{"fulcio", "tsa", "rekor"}

// client signs one thing after another. Like a signing tool, which is a process for each thing, it opens a connection
// for each request, and tries nothing twice: what fails is counted.
type client struct {
	fulcio   *sign.Fulcio
	tsa      *sign.TimestampAuthority
	rekor    *sign.Rekor
	token    string
	skipped  map[string]bool
	verifier *verify.Verifier
	identity verify.CertificateIdentity
}

// operation is one signature: what it took, or where it failed.
type operation struct {
	ended  time.Time
	took   time.Duration
	stage  map[string]time.Duration
	failed string
	err    error
}

func newClient(known *stack, chosen options, skipped map[string]bool) (*client, error) {
	fresh := func() http.RoundTripper {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DisableKeepAlives = true
		return transport
	}
	verifier, err := known.verifier(skipped)
	if err != nil {
		return nil, err
	}
	identity, err := verify.NewShortCertificateIdentity(chosen.issuer, "", chosen.identity, "")
	if err != nil {
		return nil, err
	}
	return &client{
		fulcio: sign.NewFulcio(&sign.FulcioOptions{
			BaseURL: known.fulcio.URL, Timeout: chosen.timeout, Transport: fresh(),
		}),
		tsa: sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{
			URL: known.tsa.URL, Timeout: chosen.timeout, Transport: fresh(),
		}),
		// Rekor's own client keeps no connection.
		rekor: sign.NewRekor(&sign.RekorOptions{
			BaseURL: known.rekor.URL, Timeout: chosen.timeout, Version: known.rekor.MajorAPIVersion,
		}),
		token: chosen.token, skipped: skipped, verifier: verifier, identity: identity,
	}, nil
}

// sign makes a key, has it certified, signs something that nobody signed before, and has that timestamped and logged.
// It returns the bundle and what was signed; where a stage fails, the operation says so.
func (c *client) sign(ctx context.Context, done *operation) (*protobundle.Bundle, []byte) {
	content := &sign.PlainData{Data: make([]byte, 32)}
	// Never fails, by its documentation.
	_, _ = rand.Read(content.Data)
	made := &protobundle.Bundle{MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json"}
	keys, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		done.failed, done.err = "key", err
		return nil, nil
	}
	signature, digest, err := keys.SignData(ctx, content.PreAuthEncoding())
	if err != nil {
		done.failed, done.err = "key", err
		return nil, nil
	}
	content.Bundle(made, signature, digest, keys.GetHashAlgorithm())
	made.VerificationMaterial = &protobundle.VerificationMaterial{
		TimestampVerificationData: &protobundle.TimestampVerificationData{},
	}
	work := map[string]func() error{
		"fulcio": func() error { return c.certify(ctx, keys, made) },
		"tsa":    func() error { return c.stamp(ctx, signature, made) },
		"rekor":  func() error { return c.log(ctx, made) },
	}
	for _, stage := range stages {
		if !c.skipped[stage] && done.timed(stage, work[stage]) != nil {
			return nil, nil
		}
	}
	return made, content.Data
}

func (c *client) certify(ctx context.Context, keys sign.Keypair, made *protobundle.Bundle) error {
	token := &sign.CertificateProviderOptions{IDToken: c.token}
	certificate, err := c.fulcio.GetCertificate(ctx, keys, token)
	made.VerificationMaterial.Content = &protobundle.VerificationMaterial_Certificate{
		Certificate: &protocommon.X509Certificate{RawBytes: certificate},
	}
	return err
}

func (c *client) stamp(ctx context.Context, signature []byte, made *protobundle.Bundle) error {
	stamp, err := c.tsa.GetTimestamp(ctx, signature)
	stamps := made.VerificationMaterial.TimestampVerificationData
	stamps.Rfc3161Timestamps = []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp}}
	return err
}

func (c *client) log(ctx context.Context, made *protobundle.Bundle) error {
	certificate := made.VerificationMaterial.GetCertificate().GetRawBytes()
	named := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	return c.rekor.GetTransparencyLogEntry(ctx, named, made)
}

func (c *client) verify(made *protobundle.Bundle, signed []byte) error {
	readable, err := bundle.NewBundle(made)
	if err != nil {
		return fmt.Errorf("the bundle: %w", err)
	}
	policy := verify.NewPolicy(verify.WithArtifact(bytes.NewReader(signed)),
		verify.WithCertificateIdentity(c.identity))
	_, err = c.verifier.Verify(readable, policy)
	return err
}

// timed runs a stage, and notes how long it took, or that the operation failed there.
func (done *operation) timed(stage string, act func() error) error {
	began := time.Now()
	err := act()
	done.stage[stage] = time.Since(began)
	if err != nil {
		done.failed, done.err = stage, err
	}
	return err
}
