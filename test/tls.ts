// X509Certificate#toLegacyObject, which createtuf calls, leaves Node 24 without tls.createSecureContext where it comes before
// node:tls. A Job has loaded it by then, with node:https.
import 'node:tls';
