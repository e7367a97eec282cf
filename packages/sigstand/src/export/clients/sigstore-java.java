// sigstore-java: signs a file, and verifies it. Run with sigstore-java 2.0.0, by Java 17.
//
//   source ./env
//   mvn dependency:copy-dependencies -DoutputDirectory=lib   in a project that depends on dev.sigstore:sigstore-java:2.0.0
//   java -cp 'lib/*' sigstore-java.java sign FILE            writes FILE.sigstore.json
//   java -cp 'lib/*' sigstore-java.java verify FILE
//
// To sign, it asks Fulcio by gRPC over TLS, on the URL that the signing configuration gives: the services need names outside.
import dev.sigstore.AlgorithmRegistry.SigningAlgorithm;
import dev.sigstore.KeylessSigner;
import dev.sigstore.KeylessVerifier;
import dev.sigstore.SigningConfigProvider;
import dev.sigstore.TrustedRootProvider;
import dev.sigstore.VerificationOptions;
import dev.sigstore.VerificationOptions.CertificateMatcher;
import dev.sigstore.bundle.Bundle;
import dev.sigstore.oidc.client.OidcClients;
import dev.sigstore.oidc.client.TokenStringOidcClient;
import dev.sigstore.strings.StringMatcher;
import dev.sigstore.tuf.RootProvider;
import dev.sigstore.tuf.SigstoreTufClient;
import java.io.File;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;

class Example {
  public static void main(String[] args) throws Exception {
    if (args.length != 2) throw new IllegalArgumentException("sign FILE, or verify FILE");
    Path file = Path.of(args[1]);
    Path bundle = Path.of(args[1] + ".sigstore.json");
    // Of its own, and not the default, which is ~/.sigstore-java.
    Path cache = Path.of(env("TRUST_CACHE"), "sigstore-java");
    if (System.getenv("SIGSTAND_CA") != null) trust(Path.of(env("SIGSTAND_CA")), cache);
    var tuf =
        SigstoreTufClient.builder()
            .tufMirror(URI.create(env("TUF_MIRROR")), RootProvider.fromFile(Path.of(env("TUF_ROOT_JSON"))))
            .tufCacheLocation(cache.resolve("tuf"));
    switch (args[0]) {
      case "sign" -> Files.writeString(bundle, sign(file, tuf).toJson());
      case "verify" -> verify(file, Bundle.from(bundle, StandardCharsets.UTF_8), tuf);
      default -> throw new IllegalArgumentException("sign FILE, or verify FILE");
    }
  }

  static Bundle sign(Path file, SigstoreTufClient.Builder tuf) throws Exception {
    try (var signer =
        KeylessSigner.builder()
            .trustedRootProvider(TrustedRootProvider.from(tuf))
            .signingConfigProvider(SigningConfigProvider.from(tuf))
            .signingAlgorithm(SigningAlgorithm.PKIX_ECDSA_P256_SHA_256)
            .forceCredentialProviders(OidcClients.of(TokenStringOidcClient.from(env("SIGSTORE_ID_TOKEN"))))
            .build()) {
      return signer.signFile(file);
    }
  }

  static void verify(Path file, Bundle bundle, SigstoreTufClient.Builder tuf) throws Exception {
    var signer =
        CertificateMatcher.fulcio()
            .issuer(StringMatcher.string(env("ISSUER_URL")))
            .subjectAlternativeName(StringMatcher.string(env("IDENTITY")))
            .build();
    KeylessVerifier.builder()
        .trustedRootProvider(TrustedRootProvider.from(tuf))
        .build()
        .verify(file, bundle, VerificationOptions.builder().addCertificateMatchers(signer).build());
    System.out.println(file + " was signed by " + env("IDENTITY"));
  }

  /** Java reads no PEM as a trust store: the private CA goes into one beside Java's own roots. */
  static void trust(Path pem, Path folder) throws Exception {
    char[] password = "changeit".toCharArray();
    var roots = KeyStore.getInstance(new File(System.getProperty("java.home"), "lib/security/cacerts"), password);
    try (var certificates = Files.newInputStream(pem)) {
      for (var one : CertificateFactory.getInstance("X.509").generateCertificates(certificates)) {
        roots.setCertificateEntry("private-" + roots.size(), one);
      }
    }
    Path store = Files.createDirectories(folder).resolve("roots");
    try (var bytes = Files.newOutputStream(store)) {
      roots.store(bytes, password);
    }
    System.setProperty("javax.net.ssl.trustStore", store.toString());
    System.setProperty("javax.net.ssl.trustStorePassword", new String(password));
  }

  static String env(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalStateException(name + " is not set: source ./env, and see README.md");
    }
    return value;
  }
}
