// verify FILE ROUNDS BATCHES: reads a certificate chain from a PEM file, in whatever order, and verifies it, as Go's
// x509 does it; prints the CPU milliseconds of one round, a batch a line.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"syscall"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	rounds, err := strconv.Atoi(os.Args[2])
	must(err)
	batches, err := strconv.Atoi(os.Args[3])
	must(err)
	var blocks []*pem.Block
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		blocks = append(blocks, block)
	}
	for range batches {
		texts := make([][]byte, rounds)
		for index := range texts {
			rand.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
			for _, block := range blocks {
				texts[index] = append(texts[index], pem.EncodeToMemory(block)...)
			}
		}
		start := cpu()
		for _, text := range texts {
			must(verify(text))
		}
		fmt.Println((cpu() - start) / float64(rounds))
	}
}

func verify(text []byte) error {
	var leaf *x509.Certificate
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		switch {
		case !certificate.IsCA:
			leaf = certificate
		case string(certificate.RawIssuer) == string(certificate.RawSubject):
			roots.AddCert(certificate)
		default:
			intermediates.AddCert(certificate)
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

// CPU milliseconds of this process so far.
func cpu() float64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
