import Crypto
import FoundationEssentials
import Reports

/// A SHA-256 over values that are told apart: each is written with its length, so that no two
/// different sequences of values give the same bytes.
struct Fingerprint {
    private var hash = SHA256()

    /// The digest of all that was added.
    var bytes: [UInt8] { Array(hash.finalize()) }

    mutating func add(_ bytes: some Collection<UInt8>) {
        add(number: Int64(bytes.count))
        hash.update(data: Array(bytes))
    }

    mutating func add(_ text: String?) {
        guard let text else { return add(number: -1) }
        add(text.utf8)
    }

    mutating func add(number: Int64) {
        withUnsafeBytes(of: number.bigEndian) { hash.update(bufferPointer: $0) }
    }

    mutating func add(_ number: Double?) {
        guard let number else { return add(number: -1) }
        add(number: 8)
        add(number: Int64(bitPattern: number.bitPattern))
    }

    mutating func add(_ moment: Date?) {
        add(moment?.timeIntervalSince1970)
    }

    mutating func add(_ texts: [String]) {
        add(number: Int64(texts.count))
        for text in texts { add(text) }
    }

    mutating func add(_ texts: Localized) {
        let sorted = texts.texts.sorted { $0.key.rawValue < $1.key.rawValue }
        add(sorted.flatMap { [$0.key.rawValue, $0.value] })
    }

    mutating func add(_ answers: [Answer]) {
        add(number: Int64(answers.count))
        for answer in answers {
            add(answer.code.rawValue)
            add(answer.values)
        }
    }

    /// The SHA-256 of a text alone.
    static func plain(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }

    /// The digest of the values that `body` adds.
    static func of(_ body: (inout Fingerprint) -> Void) -> [UInt8] {
        var fingerprint = Fingerprint()
        body(&fingerprint)
        return fingerprint.bytes
    }
}

extension [UInt8] {
    /// Two digits a byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
