// Asks containers/image, which podman, CRI-O and skopeo are made of, whether a policy admits an image:
// containers-image POLICY REGISTRIES.D IMAGE
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"
)

func main() {
	policy := must(signature.NewPolicyFromFile(os.Args[1]))
	judge := must(signature.NewPolicyContext(policy))
	// The registry of a rig speaks HTTP.
	system := &types.SystemContext{
		RegistriesDirPath:           os.Args[2],
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
	}
	ctx := context.Background()
	reference := must(docker.ParseReference("//" + os.Args[3]))
	source := must(reference.NewImageSource(ctx, system))
	admitted, err := judge.IsRunningImageAllowed(ctx, image.UnparsedInstance(source, nil))
	fmt.Println("admitted:", admitted, err)
	if !admitted {
		os.Exit(1)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
