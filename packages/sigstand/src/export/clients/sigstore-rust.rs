// sigstore-rust: signs a file, and verifies it. Run with sigstore-sign 0.15.1 and sigstore-verify 0.15.1.
//
//   source ./env
//   cargo init --name example
//   cargo add sigstore-sign@0.15.1 sigstore-verify@0.15.1
//   cargo add tokio --features rt-multi-thread
//   cp "$SIGSTAND_TRUST/sigstore-rust.rs" src/main.rs
//   cargo run -- sign FILE                        writes FILE.sigstore.json
//   cargo run -- verify FILE                      by the mirror
//   cargo run -- verify FILE TRUSTED_ROOT_JSON    by that file alone, with no network
use sigstore_sign::oidc::IdentityToken;
use sigstore_sign::trust_root::{TrustedRoot, TufBootstrap, TufConfig};
use sigstore_sign::types::Bundle;
use sigstore_sign::SigningContext;
use sigstore_verify::{verify, VerificationPolicy};
use std::{env, error::Error, fs, path::Path, process::ExitCode};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    match runtime.block_on(run(&words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(words: &[&str]) -> Result<()> {
    match *words {
        ["sign", file] => sign_file(file).await,
        ["verify", file] => verify_file(file, &TrustedRoot::from_tuf(mirror()?).await?),
        ["verify", file, trusted] => verify_file(file, &TrustedRoot::from_file(trusted)?),
        _ => Err("sign FILE, or verify FILE [TRUSTED_ROOT_JSON]".into()),
    }
}

fn mirror() -> Result<TufConfig> {
    let root = fs::read(variable("TUF_ROOT_JSON")?)?;
    // Of its own, and not the default, which is below the home folder.
    let cache = Path::new(&variable("TRUST_CACHE")?).join("sigstore-rust");
    Ok(
        TufConfig::custom(variable("TUF_MIRROR")?, TufBootstrap::trusted(root))
            .with_cache_dir(cache),
    )
}

async fn sign_file(file: &str) -> Result<()> {
    let token = IdentityToken::from_jwt(&variable("SIGSTORE_ID_TOKEN")?)?;
    let signer = SigningContext::from_tuf(mirror()?).await?.signer(token);
    let bundle = signer.sign(fs::read(file)?.as_slice()).await?;
    Ok(fs::write(bundle_of(file), bundle.to_json()?)?)
}

fn verify_file(file: &str, trusted: &TrustedRoot) -> Result<()> {
    let bundle = Bundle::from_json(&fs::read_to_string(bundle_of(file))?)?;
    let policy = VerificationPolicy::new(variable("IDENTITY")?, variable("ISSUER_URL")?);
    let artifact = fs::read(file)?;
    let result = verify(artifact.as_slice(), &bundle, &policy, trusted)?;
    let signer = result.identity().ok_or("no identity")?;
    println!("{file} was signed by {}", signer.as_str());
    Ok(())
}

fn bundle_of(file: &str) -> String {
    format!("{file}.sigstore.json")
}

fn variable(name: &str) -> Result<String> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(format!("{name} is not set: source ./env, and see README.md").into()),
    }
}
