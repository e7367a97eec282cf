package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/digitorus/timestamp"
	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/google/certificate-transparency-go/x509util"
	"github.com/google/trillian/crypto/keys/pem"
	"github.com/sigstore/cosign/v3/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/tuf"
)

type certificate = x509.Certificate

// client lets the stack's keys sign as Fulcio, ct_server and timestamp-server do, and cosign and sigstore-go verify that by
// trusted_root.json, and by the separate files.
func (s scratch) client(asked question) (any, error) {
	if err := s.put(asked); err != nil {
		return nil, err
	}
	trusted, err := root.NewTrustedRootFromJSON(asked.Files["trusted_root.json"])
	if err != nil {
		return nil, err
	}
	if err := s.verifyCertificate(asked, trusted); err != nil {
		return nil, fmt.Errorf("a certificate of Fulcio's: %w", err)
	}
	if err := s.verifyTimestamp(asked, trusted); err != nil {
		return nil, fmt.Errorf("a timestamp: %w", err)
	}
	return nil, nil
}

func (s scratch) verifyCertificate(asked question, trusted *root.TrustedRoot) error {
	chain, err := cryptoutils.UnmarshalCertificatesFromPEM(asked.Files["cert"])
	if err != nil {
		return err
	}
	leaf, err := s.issue(asked, chain[0])
	if err != nil {
		return err
	}
	authorities := trusted.FulcioCertificateAuthorities()
	if len(authorities) != 1 {
		return fmt.Errorf("there are %d authorities", len(authorities))
	}
	verified, err := authorities[0].Verify(leaf, time.Now())
	if err != nil {
		return err
	}
	if err := verify.VerifySignedCertificateTimestamp(verified, 1, trusted); err != nil {
		return err
	}
	keys := cosign.NewTrustedTransparencyLogPubKeys()
	if err := keys.AddTransparencyLogPubKey(asked.Files["ctfe.pub"], tuf.Active); err != nil {
		return err
	}
	return cosign.VerifyEmbeddedSCT(context.Background(), append([]*certificate{leaf}, chain...), &keys)
}

var (
	poison  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}
	sctList = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// issue makes a certificate with the log's promise in it, by way of a precertificate (RFC 6962, section 3.1).
func (s scratch) issue(asked question, issuer *certificate) (*certificate, error) {
	opened, err := cryptoutils.UnmarshalPEMToPrivateKey(asked.Files["private"],
		cryptoutils.StaticPasswordFunc(asked.Files["password"]))
	if err != nil {
		return nil, err
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// Of both, or the log's promise would be for another certificate.
	now := time.Now()
	sign := func(extension pkix.Extension) ([]byte, error) {
		return x509.CreateCertificate(rand.Reader, &certificate{
			SerialNumber:    big.NewInt(1),
			NotBefore:       now.Add(-time.Minute),
			NotAfter:        now.Add(10 * time.Minute),
			KeyUsage:        x509.KeyUsageDigitalSignature,
			ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
			EmailAddresses:  []string{"somebody@example.com"},
			ExtraExtensions: []pkix.Extension{extension},
		}, issuer, own.Public(), opened)
	}
	precertificate, err := sign(pkix.Extension{Id: poison, Critical: true, Value: asn1.NullBytes})
	if err != nil {
		return nil, err
	}
	promise, err := s.promise(asked, precertificate, issuer)
	if err != nil {
		return nil, err
	}
	der, err := sign(pkix.Extension{Id: sctList, Value: promise})
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// promise is the value of the extension with the log's signed certificate timestamp.
func (s scratch) promise(asked question, precertificate []byte, issuer *certificate) ([]byte, error) {
	log, err := pem.ReadPrivateKeyFile(s.path("ctlog"), string(asked.Files["ctlog-password"]))
	if err != nil {
		return nil, err
	}
	id, err := cryptoutils.MarshalPublicKeyToDER(log.Public())
	if err != nil {
		return nil, err
	}
	chain, err := ctx509.ParseCertificates(append(precertificate, issuer.Raw...))
	if ctx509.IsFatal(err) {
		return nil, err
	}
	now := uint64(time.Now().UnixMilli())
	entry, err := ct.MerkleTreeLeafFromChain(chain, ct.PrecertLogEntryType, now)
	if err != nil {
		return nil, err
	}
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: sha256.Sum256(id)}, Timestamp: now}
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: *entry})
	if err != nil {
		return nil, err
	}
	signed, err := signAs(log, input)
	if err != nil {
		return nil, err
	}
	sct.Signature = signed
	list, err := x509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	if err != nil {
		return nil, err
	}
	octets, err := tls.Marshal(*list)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(octets)
}

// signAs signs with SHA-256, as ctfe does.
func signAs(log crypto.Signer, input []byte) (ct.DigitallySigned, error) {
	digest := sha256.Sum256(input)
	signature, err := log.Sign(rand.Reader, digest[:], crypto.SHA256)
	return ct.DigitallySigned{
		Algorithm: tls.SignatureAndHashAlgorithm{
			Hash:      tls.SHA256,
			Signature: tls.SignatureAlgorithmFromPubKey(log.Public()),
		},
		Signature: signature,
	}, err
}

func (s scratch) verifyTimestamp(asked question, trusted *root.TrustedRoot) error {
	signer, err := s.timestampSigner(asked)
	if err != nil {
		return err
	}
	chain, err := cryptoutils.UnmarshalCertificatesFromPEM(asked.Files["cert-chain"])
	if err != nil {
		return err
	}
	message := []byte("signature")
	digest := sha256.Sum256(message)
	stamp := timestamp.Timestamp{
		HashAlgorithm:     crypto.SHA256,
		HashedMessage:     digest[:],
		Time:              time.Now(),
		Policy:            asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
		AddTSACertificate: true,
	}
	response, err := stamp.CreateResponseWithOpts(chain[0], signer, crypto.SHA256)
	if err != nil {
		return err
	}
	authorities := trusted.TimestampingAuthorities()
	if len(authorities) != 1 {
		return errors.New("there is not one timestamp authority")
	}
	_, err = authorities[0].Verify(bytes.Clone(response), message)
	return err
}
