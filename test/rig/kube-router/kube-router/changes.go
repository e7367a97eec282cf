package main

import (
	"maps"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/client-go/tools/cache"
)

// A rule set is made anew as a whole, by a dozen programs that are started for it: so a few changes that come together
// are taken together. Kubernetes' own proxy waits a second.
const pause = 300 * time.Millisecond

// telling is a handler that says of each change that concerns the policies that there is one.
func telling(changes chan<- struct{}) cache.ResourceEventHandler {
	tell := func() {
		select {
		case changes <- struct{}{}:
		default: // Somebody has said so.
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(added any) {
			if pod, ok := added.(*core.Pod); !ok || pod.Status.PodIP != "" {
				tell()
			}
		},
		UpdateFunc: func(before, after any) {
			if concerns(before, after) {
				tell()
			}
		},
		DeleteFunc: func(any) { tell() },
	}
}

// concerns tells whether an object selects other Pods, or is selected by other policies, than before.
func concerns(before, after any) bool {
	switch after := after.(type) {
	case *core.Pod:
		before := before.(*core.Pod)
		return before.Status.Phase != after.Status.Phase ||
			!slices.Equal(before.Status.PodIPs, after.Status.PodIPs) ||
			!maps.Equal(before.Labels, after.Labels)
	case *core.Namespace:
		return !maps.Equal(before.(*core.Namespace).Labels, after.Labels)
	case *networking.NetworkPolicy:
		return before.(*networking.NetworkPolicy).Generation != after.Generation
	}
	return true
}

// gather asks for the rules once for all changes of a while.
func gather(changes <-chan struct{}, sync func()) {
	for range changes {
		time.Sleep(pause)
		select {
		case <-changes:
		default:
		}
		sync()
	}
}
