package main

import (
	"fmt"
	"os"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"
)

// stack is what a client learns from the TUF repository: whom to trust, and where to sign.
type stack struct {
	trusted            *root.TrustedRoot
	fulcio, rekor, tsa root.Service
}

func learn(chosen options) (*stack, error) {
	first, err := os.ReadFile(chosen.root)
	if err != nil {
		return nil, err
	}
	client, err := tuf.New(&tuf.Options{
		Root:              first,
		RepositoryBaseURL: chosen.mirror,
		DisableLocalCache: true,
		Fetcher:           fetcher.NewDefaultFetcher(),
	})
	if err != nil {
		return nil, err
	}
	learnt := &stack{}
	if learnt.trusted, err = root.GetTrustedRoot(client); err != nil {
		return nil, err
	}
	settings, err := root.GetSigningConfig(client)
	if err != nil {
		return nil, err
	}
	services := []struct {
		to       *root.Service
		among    []root.Service
		versions []uint32
	}{
		{&learnt.fulcio, settings.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions},
		{&learnt.rekor, settings.RekorLogURLs(), sign.RekorAPIVersions},
		{&learnt.tsa, settings.TimestampAuthorityURLs(), sign.TimestampAuthorityAPIVersions},
	}
	for _, service := range services {
		if *service.to, err = root.SelectService(service.among, service.versions, time.Now()); err != nil {
			return nil, fmt.Errorf("signing_config: %w", err)
		}
	}
	return learnt, nil
}

// verifier asks of a bundle what the stages that ran should have put into it.
func (known *stack) verifier(skipped map[string]bool) (*verify.Verifier, error) {
	wanted := []verify.VerifierOption{verify.WithSignedCertificateTimestamps(1)}
	if !skipped["rekor"] {
		wanted = append(wanted, verify.WithTransparencyLog(1))
	}
	switch {
	case !skipped["tsa"]:
		wanted = append(wanted, verify.WithSignedTimestamps(1))
	case !skipped["rekor"]:
		wanted = append(wanted, verify.WithIntegratedTimestamps(1))
	default:
		wanted = append(wanted, verify.WithCurrentTime())
	}
	return verify.NewVerifier(known.trusted, wanted...)
}
