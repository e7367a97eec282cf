// load signs against a stack, from many clients at once, as fast as it is answered or at a rate, and prints as JSON lines
// how that went: a line per window of time, and a summary. `load inclusion` signs one thing after another instead, and
// tells how long the CT log took to include each. The identity token comes in SIGSTORE_ID_TOKEN.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

type options struct {
	mirror, root     string
	identity, issuer string
	ctlog            string
	skip             string
	clients, n       int
	verifyEvery      int
	rate             float64
	last, window     time.Duration
	timeout, pause   time.Duration
	token            string
}

func main() {
	mode, arguments := "load", os.Args[1:]
	if len(arguments) > 0 && arguments[0] == "inclusion" {
		mode, arguments = "inclusion", arguments[1:]
	}
	chosen := parse(arguments)
	if chosen.token == "" || chosen.root == "" {
		fmt.Fprintln(os.Stderr, "usage: SIGSTORE_ID_TOKEN=... load [inclusion] --root FILE ...; --help lists the flags")
		os.Exit(64)
	}
	run := load
	if mode == "inclusion" {
		run = inclusion
	}
	if err := run(context.Background(), chosen, json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) options {
	var chosen options
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	flags.StringVar(&chosen.mirror, "mirror", "http://tuf.tuf-system.svc", "the TUF repository")
	flags.StringVar(&chosen.root, "root", "", "file of the TUF repository's first root")
	flags.StringVar(&chosen.identity, "identity", "", "whom the certificates must name")
	flags.StringVar(&chosen.issuer, "issuer", "https://kubernetes.default.svc", "who issued the token")
	flags.StringVar(&chosen.ctlog, "ctlog", "http://ctlog.ctlog-system.svc/sigstorescaffolding", "for inclusion")
	flags.StringVar(&chosen.skip, "skip", "", "rekor, tsa or both, with a comma: left out, to find what limits")
	flags.IntVar(&chosen.clients, "clients", 64, "clients at once")
	flags.IntVar(&chosen.n, "n", 20, "entries, for inclusion")
	flags.IntVar(&chosen.verifyEvery, "verify-every", 20, "every n-th bundle is verified; 0 for none")
	flags.Float64Var(&chosen.rate, "rate", 0, "operations per second of all clients; 0 for as many as are answered")
	flags.DurationVar(&chosen.last, "for", time.Minute, "how long new operations begin")
	flags.DurationVar(&chosen.window, "window", time.Second, "time that a line tells about")
	flags.DurationVar(&chosen.timeout, "timeout", 30*time.Second, "of each request")
	flags.DurationVar(&chosen.pause, "pause", 500*time.Millisecond, "after each entry, for inclusion")
	// Without errors: ExitOnError ends the process before.
	_ = flags.Parse(arguments)
	chosen.token = os.Getenv("SIGSTORE_ID_TOKEN")
	return chosen
}
