//! TLS for tests: authorities, certificates and revocation lists made on the spot, and a client that takes any
//! certificate and tells which it got.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::{PATIENCE, local};

/// An authority that signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

fn named(name: &str, alternative: &[&str]) -> CertificateParams {
    let alternative: Vec<String> = alternative.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(alternative).expect("names can be names");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 2, 3);
    params.not_after = date_time_ymd(2049, 11, 28);
    params
}

impl Authority {
    /// One of this name.
    pub fn new(name: &str) -> Self {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Its key, PEM.
    pub fn key(&self) -> String {
        self.0.key().serialize_pem()
    }

    /// A certificate for the first of these names and for all of them, and its key, both PEM.
    pub fn sign(&self, names: &[&str], serial: u64, key: &KeyPair) -> (String, String) {
        let mut params = named(names[0], names);
        params.serial_number = Some(SerialNumber::from(serial));
        let made = params.signed_by(key, &self.0).expect("a certificate");
        (made.pem(), key.serialize_pem())
    }

    /// The same, in one.
    pub fn whole(&self, names: &[&str], serial: u64) -> String {
        let (certificate, key) = self.sign(names, serial, &KeyPair::generate().expect("a key"));
        certificate + &key
    }

    /// A list that revokes these numbers, PEM.
    pub fn revoke(&self, serials: &[u64]) -> String {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2021, 3, 4),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2021, 3, 5),
            next_update: date_time_ymd(2049, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let made = params.signed_by(&self.0).expect("a list");
        made.pem().expect("PEM")
    }
}

/// Takes any certificate.
#[derive(Debug)]
struct Anyone(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The terms of a client that takes any certificate and may have one of its own, from a file.
pub fn anyone(own: Option<&Path>) -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)));
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let chain = CertificateDer::pem_file_iter(path).expect("a file");
            let key = PrivateKeyDer::from_pem_file(path).expect("a key");
            let chain = chain.map(|one| one.expect("a certificate")).collect();
            builder.with_client_auth_cert(chain, key).expect("a pair")
        }
    };
    Arc::new(config)
}

/// A request over TLS, asking for this name: the certificate that was served, or what went wrong.
pub fn request(
    config: &Arc<rustls::ClientConfig>,
    port: u16,
    name: &str,
) -> std::io::Result<Vec<u8>> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let session = rustls::ClientConnection::new(config.clone(), name).expect("a session");
    let socket = TcpStream::connect(local(port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = rustls::StreamOwned::new(session, socket);
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if &answer != b"HTTP/1.1 200" {
        return Err(std::io::Error::other("no good answer"));
    }
    let chain = stream.conn.peer_certificates().unwrap_or_default();
    Ok(chain.first().map(|leaf| leaf.to_vec()).unwrap_or_default())
}

/// Says a command to the runtime API on this port; its answer.
pub fn command(port: u16, text: &str) -> String {
    let mut socket = TcpStream::connect(local(port)).expect("the API answers");
    socket.set_read_timeout(Some(PATIENCE)).expect("a patience");
    socket.write_all(text.as_bytes()).expect("it listens");
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    assert!(
        read.is_ok(),
        "{text}: {read:?} behind {}",
        String::from_utf8_lossy(&answer)
    );
    String::from_utf8_lossy(&answer).into_owned()
}
