package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sigstore/cosign/v3/pkg/cosign"
	"github.com/sigstore/fulcio/pkg/ca/fileca"
	rekor "github.com/sigstore/rekor/pkg/signer"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/tuf"
	tsa "github.com/sigstore/timestamp-authority/v2/pkg/signer"
	tsachain "github.com/sigstore/timestamp-authority/v2/pkg/x509"
)

// readersIn are all of them. Most servers read files, which are put into the folder for them.
func readersIn(folder string) map[string]reader {
	stored := scratch(folder)
	return map[string]reader{
		"fulcio":           stored.fulcio,
		"fulcio-config":    fulcioConfig,
		"rekor":            stored.rekor,
		"timestamp-server": stored.timestampServer,
		"ct_server":        stored.ctServer,
		"public-key":       publicKey,
		"certificates":     certificates,
		"trusted-root":     trustedRoot,
		"client":           stored.client,
	}
}

func fingerprint(key any) (string, error) {
	if key == nil {
		return "", nil
	}
	der, err := cryptoutils.MarshalPublicKeyToDER(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

type scratch string

func (s scratch) path(name string) string { return filepath.Join(string(s), name) }

// put writes the question's files, and nothing that an earlier question left is there any more.
func (s scratch) put(asked question) error {
	if err := os.RemoveAll(string(s)); err != nil {
		return err
	}
	if err := os.Mkdir(string(s), 0o700); err != nil {
		return err
	}
	for name, content := range asked.Files {
		if err := os.WriteFile(s.path(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fulcio is --ca=fileca.
func (s scratch) fulcio(asked question) (any, error) {
	if err := s.put(asked); err != nil {
		return nil, err
	}
	authority, err := fileca.NewFileCA(s.path("cert"), s.path("private"), string(asked.Files["password"]), false)
	if err != nil {
		return nil, err
	}
	withSigner, ok := authority.(interface {
		GetSignerWithChain() ([]*certificate, crypto.Signer)
	})
	if !ok {
		return nil, fmt.Errorf("%T shows no signer", authority)
	}
	_, signer := withSigner.GetSignerWithChain()
	return signer.Public(), nil
}

// rekor is --rekor_server.signer=FILE.
func (s scratch) rekor(asked question) (any, error) {
	if err := s.put(asked); err != nil {
		return nil, err
	}
	signer, err := rekor.New(context.Background(), s.path("signing-secret"),
		string(asked.Files["signing-secret-password"]), "", "", 0, 0)
	if err != nil {
		return nil, err
	}
	return signer.PublicKey()
}

// timestampServer is --timestamp-signer=file.
func (s scratch) timestampServer(asked question) (any, error) {
	if err := s.put(asked); err != nil {
		return nil, err
	}
	signer, err := s.timestampSigner(asked)
	if err != nil {
		return nil, err
	}
	chain, err := cryptoutils.LoadCertificatesFromPEM(bytes.NewReader(asked.Files["cert-chain"]))
	if err != nil {
		return nil, err
	}
	return signer.Public(), tsachain.VerifyCertChain(chain, signer, true)
}

func (s scratch) timestampSigner(asked question) (crypto.Signer, error) {
	return tsa.NewCryptoSigner(context.Background(), crypto.SHA256, tsa.FileScheme, "", "", "", "",
		s.path("signing-secret"), string(asked.Files["signing-secret-password"]))
}

// publicKey is how cosign takes a log's key.
func publicKey(asked question) (any, error) {
	keys := cosign.NewTrustedTransparencyLogPubKeys()
	if err := keys.AddTransparencyLogPubKey(asked.Files["public"], tuf.Active); err != nil {
		return nil, err
	}
	for _, one := range keys.Keys {
		return one.PubKey, nil
	}
	return nil, fmt.Errorf("no key was taken")
}

// certificates is how clients read a chain that stands in a file of its own.
func certificates(asked question) (any, error) {
	_, err := cryptoutils.UnmarshalCertificatesFromPEM(asked.Files["chain"])
	return nil, err
}

func trustedRoot(asked question) (any, error) {
	_, err := root.NewTrustedRootFromJSON(asked.Files["trusted_root.json"])
	return nil, err
}
