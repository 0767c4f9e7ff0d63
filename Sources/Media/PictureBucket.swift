import FoundationEssentials

/// A store of pictures in an S3-compatible object storage, addressed by path.
struct PictureBucket: Sendable {
    let settings: BucketSettings
    let now: @Sendable () -> Date
    let send: BucketCall.Send

    func put(_ picture: Picture, _ name: PictureName) async throws(MediaError) {
        let type = [(name: "content-type", value: picture.format.contentType)]
        let answer = try await call("PUT", name, headers: type, body: picture.bytes)
        try Self.expect([200, 201, 204], answer)
    }

    func bytes(of name: PictureName) async throws(MediaError) -> [UInt8]? {
        let answer = try await call("GET", name)
        guard answer.status != 404 else { return nil }
        try Self.expect([200], answer)
        return answer.body
    }

    func contains(_ name: PictureName) async throws(MediaError) -> Bool {
        let answer = try await call("HEAD", name)
        guard answer.status != 404 else { return false }
        try Self.expect([200], answer)
        return true
    }

    func names(in shard: UInt8, olderThan time: Date) async throws(MediaError) -> [PictureName] {
        var names: [PictureName] = []
        var last: String?
        while true {
            let page = try await page(of: shard, after: last)
            names += page.filter { $0.modified < time }
                .compactMap { PictureName(String($0.key.dropFirst(settings.prefix.count))) }
            guard let key = page.last?.key, key != last else { return names }
            last = key
        }
    }

    /// Removes an object that has not been written again since `time`.
    ///
    /// Object storage knows no lock: a picture put again in the very moment between the look and
    /// the removal would be gone. The sweep's day of grace makes that a coincidence of one picture
    /// sent twice, a day apart to the millisecond.
    func remove(_ name: PictureName, olderThan time: Date) async throws(MediaError) {
        let entry = try await page(prefix: key(name), after: nil).first
        guard let entry, entry.key == key(name), entry.modified < time else { return }
        try Self.expect([200, 204, 404], try await call("DELETE", name))
    }

    // MARK: - Calls

    private func key(_ name: PictureName) -> String { settings.prefix + name.description }

    private func page(
        of shard: UInt8, after last: String?
    ) async throws(MediaError) -> [BucketListing.Entry] {
        try await page(prefix: settings.prefix + hexadecimal([shard]), after: last)
    }

    private func page(
        prefix: String, after last: String?
    ) async throws(MediaError) -> [BucketListing.Entry] {
        var query = [(name: "list-type", value: "2"), (name: "prefix", value: prefix)]
        if let last { query.append((name: "start-after", value: last)) }
        let answer = try await call("GET", path: "/\(settings.bucket)", query: query)
        try Self.expect([200], answer)
        return BucketListing.entries(in: answer.body)
    }

    private func call(
        _ method: String, _ name: PictureName, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) async throws(MediaError) -> BucketAnswer {
        try await call(
            method, path: "/\(settings.bucket)/\(key(name))", headers: headers, body: body)
    }

    /// Signs and sends; paths need no encoding, as settings and names hold plain characters only.
    private func call(
        _ method: String, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) async throws(MediaError) -> BucketAnswer {
        let time = BucketSignature.time(now())
        let payload = BucketSignature.digest(body)
        let own = [
            (name: "host", value: settings.host), (name: "x-amz-content-sha256", value: payload),
            (name: "x-amz-date", value: time),
        ]
        let signature = BucketSignature(
            accessKey: settings.accessKey, secretKey: settings.secretKey, region: settings.region,
            service: "s3")
        let authorization = signature.authorization(
            method: method, path: path, query: query, headers: own + headers, payload: payload,
            time: time)
        let text = BucketSignature.encoded(query)
        do {
            return try await send(
                BucketCall(
                    method: method,
                    address: settings.endpoint + path + (text.isEmpty ? "" : "?\(text)"),
                    headers: own + headers + [(name: "authorization", value: authorization)],
                    body: body))
        } catch {
            throw .unavailable
        }
    }

    private static func expect(_ statuses: [Int], _ answer: BucketAnswer) throws(MediaError) {
        guard !statuses.contains(answer.status) else { return }
        guard answer.status < 500, ![408, 429].contains(answer.status) else { throw .unavailable }
        throw .refused(status: answer.status)
    }
}

/// The list of objects that an object storage answers with.
///
/// Only two elements of a flat document are wanted, and their values are names of ours and times:
/// anything else in them is passed over.
enum BucketListing {
    struct Entry {
        let key: String
        let modified: Date
    }

    static func entries(in body: [UInt8]) -> [Entry] {
        let text = String(decoding: body, as: UTF8.self)
        return text.split(separator: "<Contents>").dropFirst().compactMap { part in
            guard let key = value(of: "Key", in: part), !key.isEmpty,
                let time = value(of: "LastModified", in: part),
                let modified = date(time)
            else { return nil }
            return Entry(key: key, modified: modified)
        }
    }

    private static func value(of name: String, in text: Substring) -> String? {
        guard let start = text.firstRange(of: "<\(name)>")?.upperBound,
            let end = text[start...].firstIndex(of: "<")
        else { return nil }
        return String(text[start..<end])
    }

    private static func date(_ text: String) -> Date? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? style.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
    }
}
