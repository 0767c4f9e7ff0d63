import Foundation
import NIOSSL

/// What a server proves to be `good.example` with, to those who trust it; for tests only.
enum Certificate {
    /// The certificate as a file, for as long as something is done.
    static func withFile<R>(_ body: (String) async throws -> R) async throws -> R {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("\(UUID().uuidString).pem")
        try Data(certificate.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file.path)
    }

    static func context() throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [
                    .certificate(NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem))
                ],
                privateKey: .privateKey(NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))))
    }

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBajCCARCgAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxnb29kLmV4
        YW1wbGUwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBcxFTATBgNV
        BAMMDGdvb2QuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKQNvVCJ
        W8PKDNZ6Qn6BZW1Lus+Vc1PbgR8Tw8l1uMayGPYAFCyob5UFNJ22GHnyIvq9g1Mi
        Cmf/VdM25o6SHiKjSzBJMBcGA1UdEQQQMA6CDGdvb2QuZXhhbXBsZTAPBgNVHRMB
        Af8EBTADAQH/MB0GA1UdDgQWBBQzdycYg0jvE9XWIjdkfzgJ/xbtrTAKBggqhkjO
        PQQDAgNIADBFAiBnCq9eGMP/ia49NkBuaR/ejSF3EjEXGmyqC3Vxa3keGgIhALYh
        tom6FpXUPVD1QTRrMTmIej68HYh8b3oY5KGupnmt
        -----END CERTIFICATE-----
        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgh5gUN9ToHKjLS5p5
        0ZviaBHrl/QwkQ+x0UJB5d1MySuhRANCAASkDb1QiVvDygzWekJ+gWVtS7rPlXNT
        24EfE8PJdbjGshj2ABQsqG+VBTSdthh58iL6vYNTIgpn/1XTNuaOkh4i
        -----END PRIVATE KEY-----
        """
}
