//! Why a handshake failed, as HAProxy's logs and OpenSSL's error numbers tell it (manual 7.3.3 `fc_err`, 7.3.4
//! `ssl_fc_err`).

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::verdict::Verdict;

/// Why a handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// HAProxy's number of it.
    pub cause: u8,
    /// OpenSSL's number and name; 0 if OpenSSL has nothing to say.
    pub error: (u32, &'static str),
}

impl Failure {
    /// The connection ended.
    pub const CLOSED: Self = Self {
        cause: 24,
        error: (0, ""),
    };
    /// It took too long.
    pub const TIMEOUT: Self = Self {
        cause: 26,
        error: (0, ""),
    };
    /// There are as many TLS connections as may be (`maxsslconn`).
    pub const TOO_MANY: Self = Self {
        cause: 27,
        error: (0, ""),
    };
    /// A server ended the connection, or it broke.
    pub const BROKEN: Self = Self {
        cause: 34,
        error: (0, ""),
    };
    /// `strict-sni`, and no certificate is for the name asked for.
    pub const UNKNOWN_NAME: Self = Self::handshake(234, "callback failed");

    const fn handshake(reason: u32, name: &'static str) -> Self {
        Self {
            cause: 34,
            error: (SSL | reason, name),
        }
    }

    /// Of rustls's error about a server; `by_line`: its line says which name to expect (`verifyhost`).
    pub fn of_server(error: &Error, by_line: bool) -> Self {
        let cause = match error {
            _ if !is_misnamed(error) => 34,
            _ if by_line => 32,
            _ => 33,
        };
        Self {
            cause,
            ..Self::new(error, None, false)
        }
    }

    /// Of rustls's error; `verdict` is what was wrong with the peer's certificate.
    pub fn new(error: &Error, verdict: Option<Verdict>, looks_like_http: bool) -> Self {
        match error {
            Error::NoCertificatesPresented => {
                Self::handshake(199, "peer did not return a certificate")
            }
            Error::InvalidCertificate(_) => Self {
                cause: match verdict {
                    Some(verdict) if verdict.depth > 0 => 30,
                    _ => 31,
                },
                error: (SSL | 134, "certificate verify failed"),
            },
            Error::AlertReceived(alert) => {
                let number = u8::from(*alert);
                Self::handshake(1000 + u32::from(number), alert_name(*alert))
            }
            Error::PeerIncompatible(
                PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::SignatureAlgorithmsExtensionRequired,
            ) => Self::handshake(258, "unsupported protocol"),
            Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
                Self::handshake(118, "no suitable signature algorithm")
            }
            Error::PeerIncompatible(_) => Self::handshake(193, "no shared cipher"),
            Error::InvalidMessage(_) if looks_like_http => Self::handshake(156, "http request"),
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::handshake(267, "wrong version number"),
            Error::InvalidMessage(_) => Self::handshake(159, "length mismatch"),
            Error::DecryptError => Self::handshake(281, "decryption failed or bad record mac"),
            Error::General(_) => Self::handshake(234, "callback failed"),
            _ => Self::handshake(244, "unexpected message"),
        }
    }
}

fn is_misnamed(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// OpenSSL's number of its library for TLS.
const SSL: u32 = 20 << 23;

/// OpenSSL's name of an alert that came.
fn alert_name(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UnexpectedMessage => "sslv3 alert unexpected message",
        AlertDescription::BadRecordMac => "sslv3 alert bad record mac",
        AlertDescription::RecordOverflow => "tlsv1 alert record overflow",
        AlertDescription::HandshakeFailure => "sslv3 alert handshake failure",
        AlertDescription::BadCertificate => "sslv3 alert bad certificate",
        AlertDescription::UnsupportedCertificate => "sslv3 alert unsupported certificate",
        AlertDescription::CertificateRevoked => "sslv3 alert certificate revoked",
        AlertDescription::CertificateExpired => "sslv3 alert certificate expired",
        AlertDescription::CertificateUnknown => "sslv3 alert certificate unknown",
        AlertDescription::IllegalParameter => "sslv3 alert illegal parameter",
        AlertDescription::UnknownCA => "tlsv1 alert unknown ca",
        AlertDescription::AccessDenied => "tlsv1 alert access denied",
        AlertDescription::DecodeError => "tlsv1 alert decode error",
        AlertDescription::DecryptError => "tlsv1 alert decrypt error",
        AlertDescription::ProtocolVersion => "tlsv1 alert protocol version",
        AlertDescription::InsufficientSecurity => "tlsv1 alert insufficient security",
        AlertDescription::InternalError => "tlsv1 alert internal error",
        AlertDescription::UserCanceled => "tlsv1 alert user cancelled",
        AlertDescription::NoRenegotiation => "tlsv1 alert no renegotiation",
        AlertDescription::MissingExtension => "tlsv13 alert missing extension",
        AlertDescription::UnsupportedExtension => "tlsv1 unsupported extension",
        AlertDescription::UnrecognisedName => "tlsv1 unrecognized name",
        AlertDescription::CertificateRequired => "tlsv13 alert certificate required",
        AlertDescription::NoApplicationProtocol => "tlsv1 alert no application protocol",
        _ => "reason(0)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_openssls() {
        let ca = Error::AlertReceived(AlertDescription::UnknownCA);
        let none = Error::NoCertificatesPresented;
        for (error, number) in [(ca, 0x0A00_0418), (none, 0x0A00_00C7)] {
            let failure = Failure::new(&error, None, false);
            assert_eq!((failure.cause, failure.error.0), (34, number));
        }
        assert_eq!(Failure::UNKNOWN_NAME.error.0, 0x0A00_00EA);
    }
}
