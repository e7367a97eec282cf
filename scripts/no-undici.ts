// Stands in for undici in the bundles. The Kubernetes client loads its 0.7 MB for requests of its own, which we do
// not make: we ask it for the options of Node's https (packages/store/src/kubeconfig.ts).
export const Agent = undefined;
export const ProxyAgent = undefined;
export const fetch = undefined;
