// kube-router's engine for NetworkPolicies, and nothing else of it: the full build compiles a BGP server and a cloud's SDK.
package main

import (
	"flag"
	"sync"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	node := flag.String("node", "", "the name of this node; it may not be registered yet")
	services := flag.String("service-cluster-ip-range", "", "the range of the Services' addresses")
	flag.Parse()

	config := options.NewKubeRouterConfig()
	config.EnableIPv4, config.HostnameOverride, config.ClusterIPCIDRs = true, *node, []string{*services}
	access := must(clientcmd.BuildConfigFromFlags("", *kubeconfig))
	access.ContentType = runtime.ContentTypeProtobuf
	enforce(must(kubernetes.NewForConfig(access)), config)
}

// enforce holds the node's packet filter to the cluster's policies, for as long as the process lives.
func enforce(client kubernetes.Interface, config *options.KubeRouterConfig) {
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(nil)
	factory.WaitForCacheSync(nil)

	tables, sets, err := netpol.NewIPTablesHandlers(config)
	check(err)
	tables[core.IPv4Protocol] = &remembering{IPTablesHandler: tables[core.IPv4Protocol]}
	var ipsets sync.Mutex
	start := func() (*netpol.NetworkPolicyController, error) {
		return netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &ipsets, tables, sets)
	}
	controller, err := start()
	for ; err != nil; controller, err = start() {
		klog.Infof("not yet: %v", err)
		time.Sleep(100 * time.Millisecond)
	}

	changes := make(chan struct{}, 1)
	for _, one := range []cache.SharedIndexInformer{pods, namespaces, policies} {
		must(one.AddEventHandler(telling(changes)))
	}
	go gather(changes, controller.RequestFullSync)
	heartbeats := make(chan *healthcheck.ControllerHeartbeat, 1)
	go func() {
		for range heartbeats { // Nobody asks after them.
		}
	}()
	var group sync.WaitGroup
	group.Add(1)
	controller.Run(heartbeats, nil, &group)
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		klog.Exit(err)
	}
}
