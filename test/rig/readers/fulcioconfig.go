package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/sigstore/fulcio/pkg/config"
	"github.com/sigstore/fulcio/pkg/log"
	"github.com/sigstore/fulcio/pkg/server"
	"go.uber.org/zap"
)

type unreachable struct{}

func (unreachable) RoundTrip(request *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("%s is not asked", request.URL)
}

// Fulcio asks each issuer at its start, and goes on without an answer: nobody is asked here. What it logs is no part of an
// answer.
var askNobody = sync.OnceFunc(func() {
	log.Logger = zap.NewNop().Sugar()
	http.DefaultTransport = unreachable{}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name is looked up")
	}}
})

// fulcioConfig is --config-path. Fulcio takes issuers of a type that it does not know, and pipelines of which it does not
// know what to certify, and then refuses each of their tokens: here they are refused at once.
func fulcioConfig(asked question) (any, error) {
	askNobody()
	read, err := config.Read(asked.Files["config.yaml"])
	if err != nil {
		return nil, err
	}
	known := len(read.OIDCIssuers) + len(read.MetaIssuers)
	if pool := server.NewIssuerPool(read); known == 0 || len(pool) != known {
		return nil, fmt.Errorf("of %d issuers Fulcio takes %d", known, len(pool))
	}
	for url, issuer := range read.OIDCIssuers {
		if issuer.IssuerURL != url {
			return nil, fmt.Errorf("%s is called %s", url, issuer.IssuerURL)
		}
		if issuer.Type != config.IssuerTypeCIProvider {
			continue
		}
		metadata := read.CIIssuerMetadata[issuer.CIProvider]
		if strings.TrimSpace(metadata.SubjectAlternativeNameTemplate) == "" {
			return nil, fmt.Errorf("what a certificate for %s is to name is not said", url)
		}
	}
	return nil, nil
}
