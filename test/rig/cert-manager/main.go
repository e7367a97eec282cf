// Command cert-manager runs the controllers of cert-manager that a CA needs, for Ingresses and Gateways. Its own program is a
// module apart, with a replace, which no go.mod of another can require.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

func main() {
	options := controller.ContextOptions{KubernetesAPIQPS: 20, KubernetesAPIBurst: 50}
	flag.StringVar(&options.Kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "a kubeconfig")
	flag.StringVar(&options.ClusterResourceNamespace, "cluster-resource-namespace", "cert-manager", "where a ClusterIssuer's Secret is")
	flag.BoolVar(&options.EnableGatewayAPI, "enable-gateway-api", false, "look at Gateways as well")
	flag.Parse()
	options.CertificateRequestMinimumBackoffDuration = time.Hour
	options.CertificateRequestMaximumBackoffDuration = 32 * time.Hour
	options.DefaultIssuerKind, options.DefaultIssuerGroup = "Issuer", "cert-manager.io"

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, options); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, options controller.ContextOptions) error {
	factory, err := controller.NewContextFactory(ctx, options)
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	var all []controller.Interface
	for name, construct := range controller.Known() {
		if name == "gateway-shim" && !options.EnableGatewayAPI {
			continue
		}
		one, err := construct(factory)
		if err != nil {
			return err
		}
		log.Print("starting ", name)
		all = append(all, one)
	}
	var running sync.WaitGroup
	for _, one := range all {
		running.Go(func() {
			if err := one.Run(2, ctx); err != nil {
				log.Fatal(err)
			}
		})
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if options.EnableGatewayAPI {
		shared.GWShared.Start(ctx.Done())
	}
	running.Wait()
	return nil
}
