import Foundation
import Testing

@testable import Media

/// The vectors that AWS publishes for its signatures.
@Suite struct BucketSignatureTests {
    private let suite = BucketSignature(
        accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region: "us-east-1", service: "service")

    @Test(
        arguments: [
            ("GET", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "GET", ["Param2=value2", "Param1=value1"],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
            ),
        ] as [(String, [String], String)])
    func `the test suite's calls have the signatures it says`(
        method: String, query: [String], signature: String
    ) {
        let pairs = query.map { $0.split(separator: "=") }
        let value = suite.authorization(
            method: method, path: "/", query: pairs.map { (String($0[0]), String($0[1])) },
            headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")],
            payload: BucketSignature.digest([]), time: "20150830T123600Z")
        #expect(
            value == "AWS4-HMAC-SHA256 "
                + "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=\(signature)")
    }

    private let manual = BucketSignature(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1", service: "s3")

    struct Example: Sendable {
        var method = "GET"
        var path = "/"
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body = ""
        let signature: String
    }

    @Test(arguments: [
        Example(
            path: "/test.txt", headers: [("Range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            method: "PUT", path: "/test%24file.text",
            headers: [
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], body: "Welcome to Amazon S3.",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            query: [("lifecycle", "")],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Example(
            query: [("max-keys", "2"), ("prefix", "J")],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ])
    func `the manual's calls have the signatures it says`(example: Example) {
        let payload = BucketSignature.digest(Array(example.body.utf8))
        let value = manual.authorization(
            method: example.method, path: example.path, query: example.query,
            headers: example.headers + [
                ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", payload),
                ("x-amz-date", "20130524T000000Z"),
            ], payload: payload, time: "20130524T000000Z")
        #expect(value.hasSuffix("Signature=\(example.signature)"))
    }

    @Test func `a time is written as signatures have it`() {
        #expect(
            BucketSignature.time(Date(timeIntervalSince1970: 1_440_938_160)) == "20150830T123600Z")
    }

    @Test func `all but plain characters are encoded`() {
        #expect(BucketSignature.encoded("a b/é~") == "a%20b%2F%C3%A9~")
    }
}

/// An object storage in memory that knows what the store asks of one.
private actor Bucket {
    var objects: [String: (bytes: [UInt8], modified: String)] = [:]
    var calls: [BucketCall] = []
    var failure: Int?

    func fail(with status: Int?) { failure = status }

    func answer(_ call: BucketCall) -> BucketAnswer {
        calls.append(call)
        if let failure { return BucketAnswer(status: failure, headers: [], body: []) }
        let path = String(call.address.dropFirst("https://s3.example.org/photos/".count))
        switch call.method {
        case "PUT":
            objects[path] = (call.body, "2026-01-01T00:00:00.000Z")
            return BucketAnswer(status: 200, headers: [], body: [])
        case "DELETE":
            objects[path] = nil
            return BucketAnswer(status: 204, headers: [], body: [])
        case "GET" where call.address.contains("?"):
            return BucketAnswer(status: 200, headers: [], body: list(call.address))
        default:
            guard let object = objects[path] else {
                return BucketAnswer(status: 404, headers: [], body: [])
            }
            return BucketAnswer(status: 200, headers: [], body: object.bytes)
        }
    }

    /// Two keys a page.
    private func list(_ address: String) -> [UInt8] {
        let query = URLComponents(string: address)?.queryItems ?? []
        let prefix = query.first { $0.name == "prefix" }?.value ?? ""
        let after = query.first { $0.name == "start-after" }?.value ?? ""
        let keys = objects.keys.sorted().filter { $0.hasPrefix(prefix) && $0 > after }.prefix(2)
        let contents = keys.map {
            "<Contents><Key>\($0)</Key><LastModified>\(objects[$0]?.modified ?? "")</LastModified>"
                + "<Size>1</Size></Contents>"
        }
        return Array("<ListBucketResult>\(contents.joined())</ListBucketResult>".utf8)
    }
}

@Suite struct PictureBucketTests {
    private let bucket = Bucket()

    private func store() throws -> PictureStore {
        let settings = try #require(
            BucketSettings(
                endpoint: "https://s3.example.org", region: "eu-1", bucket: "photos",
                prefix: "p/", accessKey: "key", secretKey: "secret"))
        return PictureStore(bucket: settings, now: { Date(timeIntervalSince1970: 0) }) {
            [bucket] call in await bucket.answer(call)
        }
    }

    @Test func `a picture is put, read, listed and removed`() async throws {
        let store = try store()
        let picture = try Picture.read(PNG.file())
        let name = try await store.put(picture)
        #expect(await bucket.objects.keys.sorted() == ["p/\(name)"])
        #expect(try await store.bytes(of: name) == picture.bytes)
        #expect(try await store.contains(name))
        try await store.remove(name, olderThan: Date(timeIntervalSince1970: 0))
        #expect(try await store.contains(name))
        try await store.remove(name, olderThan: .distantFuture)
        #expect(try await store.bytes(of: name) == nil)
        #expect(store.hasRoom)
    }

    @Test func `a list of many pages is read whole`() async throws {
        let store = try store()
        let name = try await store.put(Picture.read(PNG.file()))
        let thumbnail = try Picture.read(WebP.file(WebP.chunk("VP8 ", WebP.lossy)))
        for size in ThumbnailSize.allCases {
            _ = try await store.put(thumbnail: thumbnail, size, of: name)
        }
        let shard = try #require(UInt8(name.digest.prefix(2), radix: 16))
        let names = try await store.names(in: shard, olderThan: .distantFuture)
        #expect(Set(names) == [name, name.thumbnail(.small), name.thumbnail(.large)])
        #expect(names.count == 3)
    }

    @Test func `each call is signed, and says the type of the picture`() async throws {
        _ = try await store().put(Picture.read(PNG.file()))
        let call = try #require(await bucket.calls.first)
        let headers = Dictionary(uniqueKeysWithValues: call.headers.map { ($0.name, $0.value) })
        #expect(headers["content-type"] == "image/png")
        #expect(headers["x-amz-content-sha256"] == BucketSignature.digest(call.body))
        #expect(headers["authorization"]?.contains("/19700101/eu-1/s3/aws4_request") == true)
    }

    @Test(
        arguments: [(403, .refused(status: 403)), (503, .unavailable), (429, .unavailable)]
            as [(Int, MediaError)])
    func `what the storage answers is told as what to do`(status: Int, error: MediaError)
        async throws
    {
        let store = try store()
        let picture = try Picture.read(PNG.file())
        await bucket.fail(with: status)
        await #expect(throws: error) { try await store.put(picture) }
    }

    @Test(arguments: [
        ("ftp://s3", "b", ""), ("https://", "b", ""), ("https://a/b", "b", ""),
        ("https://a", "", ""), ("https://a", "b/c", ""), ("https://a", "b", "ä/"),
    ])
    func `settings that cannot be right are refused`(
        endpoint: String, bucket: String, prefix: String
    ) {
        #expect(
            BucketSettings(
                endpoint: endpoint, region: "r", bucket: bucket, prefix: prefix, accessKey: "k",
                secretKey: "s") == nil)
    }
}
