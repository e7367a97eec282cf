// measure FILE COMMAND [ARGS...]: runs a command and writes to FILE, as JSON, what the kernel says that it cost.
//
// CPU and peak memory are of the command and all children that it waited for. Ends with the command's exit status. It
// is small on purpose: a process that is started by a large one counts that one's memory as its own peak.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

type cost struct {
	Status  int   `json:"status"`
	UserUs  int64 `json:"userUs"`
	SysUs   int64 `json:"sysUs"`
	PeakKiB int64 `json:"peakKiB"`
	WallUs  int64 `json:"wallUs"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: measure FILE COMMAND [ARGS...]")
		os.Exit(64)
	}
	command := exec.Command(os.Args[2], os.Args[3:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start := time.Now()
	err := command.Run()
	wall := time.Since(start)
	state := command.ProcessState
	if state == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	usage := state.SysUsage().(*syscall.Rusage)
	micro := func(time syscall.Timeval) int64 { return time.Nano() / 1000 }
	text, _ := json.Marshal(cost{
		Status:  state.ExitCode(),
		UserUs:  micro(usage.Utime),
		SysUs:   micro(usage.Stime),
		PeakKiB: usage.Maxrss,
		WallUs:  wall.Microseconds(),
	})
	if err := os.WriteFile(os.Args[1], text, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(74)
	}
	if state.ExitCode() < 0 {
		os.Exit(70)
	}
	os.Exit(state.ExitCode())
}
