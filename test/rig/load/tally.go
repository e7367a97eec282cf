package main

import (
	"encoding/json"
	"sync"
	"syscall"
	"time"
)

// tally is where the clients' operations are counted. Its own work, some hundred operations a second under one lock, is
// none beside a signature.
type tally struct {
	mu      sync.Mutex
	start   time.Time
	length  time.Duration
	total   window
	current window
	checked int
	errors  map[string]*failure
	last    time.Time
}

// window is what happened in a piece of time.
type window struct {
	operations, failed int
	took               map[string][]float64
}

// failure is a kind of error, and the first of them in full.
type failure struct {
	Count   int    `json:"count"`
	Example string `json:"example"`
}

type summary struct {
	Clients    int                  `json:"clients"`
	Seconds    float64              `json:"seconds"`
	Operations int                  `json:"operations"`
	Failed     int                  `json:"failed"`
	Verified   int                  `json:"verified"`
	Errors     map[string]*failure  `json:"errors"`
	Latency    map[string]quantiles `json:"latency"`
	ClientCPU  float64              `json:"clientCpuSeconds"`
}

type line struct {
	// Of the window's end, since the start.
	Second     float64              `json:"second"`
	Operations int                  `json:"operations"`
	Failed     int                  `json:"failed"`
	Latency    map[string]quantiles `json:"latency"`
	ClientCPU  float64              `json:"clientCpuSeconds"`
}

func newTally(start time.Time, length time.Duration) *tally {
	return &tally{start: start, length: length, last: start, errors: map[string]*failure{},
		total: newWindow(), current: newWindow()}
}

func newWindow() window { return window{took: map[string][]float64{}} }

// add counts an operation, and returns how many there were.
func (t *tally) add(done *operation) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = done.ended
	t.total.add(done)
	t.current.add(done)
	if done.failed != "" {
		t.fail(kindOf(done.failed, done.err), done.err)
	}
	return t.total.operations
}

func (w *window) add(done *operation) {
	if done.failed != "" {
		w.failed++
		return
	}
	w.operations++
	w.took["all"] = append(w.took["all"], milliseconds(done.took))
	for stage, took := range done.stage {
		w.took[stage] = append(w.took[stage], milliseconds(took))
	}
}

// verified counts a bundle that was verified, or why not.
func (t *tally) verified(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.checked++
		return
	}
	t.fail("verify", err)
}

func (t *tally) fail(kind string, err error) {
	known := t.errors[kind]
	if known == nil {
		known = &failure{Example: err.Error()}
		t.errors[kind] = known
	}
	known.Count++
}

// report writes a line after each window until all is done.
func (t *tally) report(out *json.Encoder, ended <-chan struct{}) error {
	tick := time.NewTicker(t.length)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return nil
		case now := <-tick.C:
			if err := out.Encode(t.cut(now)); err != nil {
				return err
			}
		}
	}
}

func (t *tally) cut(now time.Time) line {
	t.mu.Lock()
	was := t.current
	t.current = newWindow()
	t.mu.Unlock()
	return line{now.Sub(t.start).Seconds(), was.operations, was.failed, was.latency(), cpuSeconds()}
}

func (t *tally) summary(clients int) summary {
	return summary{
		Clients: clients, Seconds: t.last.Sub(t.start).Seconds(),
		Operations: t.total.operations, Failed: t.total.failed,
		Verified: t.checked, Errors: t.errors, Latency: t.total.latency(), ClientCPU: cpuSeconds(),
	}
}

func (w *window) latency() map[string]quantiles {
	found := map[string]quantiles{}
	for stage, took := range w.took {
		found[stage] = quantilesOf(took)
	}
	return found
}

// cpuSeconds is what this process has used: it shares the machine with the servers that it measures.
func cpuSeconds() float64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
