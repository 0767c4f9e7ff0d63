/// Where an S3-compatible object storage is, and how to sign for it.
package struct BucketSettings: Sendable {
    /// The storage's address without a path, such as `https://s3.example.org` or
    /// `http://127.0.0.1:9000`.
    package var endpoint: String
    /// The region that signatures are for; `us-east-1` where a storage has none.
    package var region: String
    /// The bucket; it must exist.
    package var bucket: String
    /// What all names are put behind, such as `pictures/`; may be empty.
    package var prefix: String
    package var accessKey: String
    package var secretKey: String

    /// Settings of a bucket; `nil` if one of them cannot be right.
    package init?(
        endpoint: String, region: String, bucket: String, prefix: String = "", accessKey: String,
        secretKey: String
    ) {
        guard let scheme = ["https://", "http://"].first(where: endpoint.hasPrefix),
            Self.isName(bucket), Self.isName(region), !accessKey.isEmpty, !secretKey.isEmpty,
            prefix.utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: "/") })
        else { return nil }
        let host = endpoint.dropFirst(scheme.count)
        guard !host.isEmpty,
            host.utf8.allSatisfy({ Self.isPlain($0) || Array(":[]".utf8).contains($0) })
        else { return nil }
        self.endpoint = endpoint
        self.region = region
        self.bucket = bucket
        self.prefix = prefix
        self.accessKey = accessKey
        self.secretKey = secretKey
    }

    /// The host and port, as the `Host` header says them.
    var host: String {
        String(endpoint.dropFirst(endpoint.hasPrefix("https://") ? 8 : 7))
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isPlain)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: Array("-._".utf8).contains(byte)
        }
    }
}

/// One call of HTTP to an object storage, signed and ready to be sent.
package struct BucketCall: Sendable {
    /// Makes the call; throws if no answer came.
    package typealias Send = @Sendable (BucketCall) async throws -> BucketAnswer

    package let method: String
    /// The whole address.
    package let address: String
    /// All headers but `Content-Length`; `Host` is as the address says.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
}

/// What an object storage answered.
package struct BucketAnswer: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    /// An answer; a client may cut bodies over 16 MB.
    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
