package main

import (
	"errors"
	"math"
	"net"
	"regexp"
	"slices"
	"time"
)

// quantiles are milliseconds.
type quantiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// quantilesOf sorts what it is given. A quantile is a value that was measured: the least one that so many do not exceed.
func quantilesOf(values []float64) quantiles {
	slices.Sort(values)
	at := func(share float64) float64 { return values[max(0, int(math.Ceil(share*float64(len(values))))-1)] }
	if len(values) == 0 {
		return quantiles{}
	}
	return quantiles{at(0.5), at(0.9), at(0.99), at(1)}
}

func milliseconds(took time.Duration) float64 {
	return math.Round(took.Seconds()*1e5) / 100
}

// An answer's status, as these clients write it: "Fulcio returned 500: ...", "[POST /...][503] ...".
var status = regexp.MustCompile(`(?:returned |\[|status )([1-5][0-9]{2})\b`)

// kindOf says where an operation failed, and how, in the few words that errors of one kind have in common.
func kindOf(stage string, err error) string {
	var waited net.Error
	if errors.As(err, &waited) && waited.Timeout() {
		return stage + ": no answer in time"
	}
	if found := status.FindStringSubmatch(err.Error()); found != nil {
		return stage + ": " + found[1]
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return stage + ": " + network.Op + ": " + network.Err.Error()
	}
	return stage + ": other"
}
