// sigstore-go: signs a file, and verifies it. Run with sigstore-go 1.2.1.
//
//	source ./env
//	go mod init example && go get github.com/sigstore/sigstore-go@v1.2.1
//	go run sigstore-go.go sign FILE       writes FILE.sigstore.json
//	go run sigstore-go.go verify FILE
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("sign FILE, or verify FILE")
	}
	action, file := os.Args[1], os.Args[2]
	// Of its own, and not the default, which is ~/.sigstore/root.
	cache := filepath.Join(env("TRUST_CACHE"), "sigstore-go")
	client := must(tuf.New(tuf.DefaultOptions().
		WithRoot(must(os.ReadFile(env("TUF_ROOT_JSON")))).
		WithRepositoryBaseURL(env("TUF_MIRROR")).
		WithCachePath(cache)))
	trusted := must(root.GetTrustedRoot(client))
	switch action {
	case "sign":
		signFile(file, trusted, must(root.GetSigningConfig(client)))
	case "verify":
		verifyFile(file, trusted)
	default:
		log.Fatal("sign FILE, or verify FILE")
	}
}

func signFile(file string, trusted *root.TrustedRoot, services *root.SigningConfig) {
	now := time.Now()
	fulcio := must(root.SelectService(services.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, now))
	options := sign.BundleOptions{
		TrustedRoot:                trusted,
		CertificateProvider:        sign.NewFulcio(&sign.FulcioOptions{BaseURL: fulcio.URL}),
		CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: env("SIGSTORE_ID_TOKEN")},
	}
	for _, rekor := range must(root.SelectServices(services.RekorLogURLs(),
		services.RekorLogURLsConfig(), sign.RekorAPIVersions, now)) {
		options.TransparencyLogs = append(options.TransparencyLogs,
			sign.NewRekor(&sign.RekorOptions{BaseURL: rekor.URL, Version: rekor.MajorAPIVersion}))
	}
	if len(services.TimestampAuthorityURLs()) > 0 {
		for _, tsa := range must(root.SelectServices(services.TimestampAuthorityURLs(),
			services.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, now)) {
			options.TimestampAuthorities = append(options.TimestampAuthorities,
				sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: tsa.URL}))
		}
	}
	content := &sign.PlainData{Data: must(os.ReadFile(file))}
	signed := must(sign.Bundle(content, must(sign.NewEphemeralKeypair(nil)), options))
	if err := os.WriteFile(file+".sigstore.json", must(protojson.Marshal(signed)), 0o644); err != nil {
		log.Fatal(err)
	}
}

func verifyFile(file string, trusted *root.TrustedRoot) {
	signed := must(bundle.LoadJSONFromPath(file + ".sigstore.json"))
	artifact := must(os.Open(file))
	defer artifact.Close()
	verifier := must(verify.NewVerifier(trusted, verify.WithSignedCertificateTimestamps(1),
		verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1)))
	identity := must(verify.NewShortCertificateIdentity(env("ISSUER_URL"), "", env("IDENTITY"), ""))
	result := must(verifier.Verify(signed, verify.NewPolicy(
		verify.WithArtifact(artifact), verify.WithCertificateIdentity(identity))))
	fmt.Println(file, "was signed by", result.Signature.Certificate.SubjectAlternativeName)
}

func env(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("%s is not set: source ./env, and see README.md", name)
	}
	return value
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
