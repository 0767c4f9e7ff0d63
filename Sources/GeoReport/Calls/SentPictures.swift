import FoundationEssentials
import Reports

/// The pictures of a POST in all the ways in which clients send them (GR-15.3).
///
/// Any part that is a file is one, whatever its name: `media`, `media[]`, `photo1`, `file_…`.
struct SentPictures {
    /// What came along, in its order.
    private(set) var uploaded: [UploadedPicture] = []
    /// Addresses of others, in their order, each once.
    private(set) var addresses: [String] = []

    /// How many a call may bring, of both kinds together (M8).
    static let most = 6
    /// Bytes of one picture (bad input 93).
    static let largest = 10 << 20

    private static let names: Set = ["media", "media[]", "media_url", "media_url[]"]

    init(
        _ parameters: Parameters, dialects: Set<Client.Profile.Dialect>,
        _ problems: inout Problems
    ) {
        for item in parameters.all {
            if case .file(let type, let bytes) = item.source {
                let name = Parameters.Item.label(item.name)
                add(UploadedPicture(name: name, contentType: type, bytes: bytes), &problems)
            } else if Self.names.contains(item.name) {
                let text = CleanText.trimmed(item.value)
                if !text.isEmpty { read(text, of: item.name, dialects, &problems) }
            }
        }
        if uploaded.count + addresses.count > Self.most {
            problems.add("media: there are more than \(Self.most) pictures")
        }
    }

    private mutating func add(_ picture: UploadedPicture, _ problems: inout Problems) {
        guard picture.bytes.count <= Self.largest else {
            return problems.add(
                Fault(.tooLarge, "\(picture.name) is longer than \(Self.largest) bytes"))
        }
        if !picture.bytes.isEmpty { uploaded.append(picture) }
    }

    /// A text is an address; under `media` it may be the picture itself, where the client's profile
    /// says so: nobody else means it.
    private mutating func read(
        _ text: String, of name: String, _ dialects: Set<Client.Profile.Dialect>,
        _ problems: inout Problems
    ) {
        // Before addresses are compared with one another: what is acceptable is short.
        if MediaAddress.isAcceptable(text) {
            if !addresses.contains(text) { addresses.append(text) }
        } else if name.hasPrefix("media_url") {
            problems.add(
                "media_url is not an absolute http or https address of up to 2048 bytes")
        } else if !dialects.contains(.base64) {
            problems.add("media is neither a file nor an absolute http or https address")
        } else if let (type, bytes) = PictureText.decoded(text) {
            add(UploadedPicture(name: "media", contentType: type, bytes: bytes[...]), &problems)
        } else {
            problems.add("media is neither a file nor base64 text of one")
        }
    }
}

/// Pictures as text: base64, bare or in a `data:` URI (RFC 4648, RFC 2397).
enum PictureText {
    /// The picture and what its sender calls it, or `nil` if the text is none.
    static func decoded(_ text: String) -> (contentType: String?, bytes: [UInt8])? {
        guard text.prefix(5).lowercased() == "data:" else {
            return bytes(text.utf8[...]).map { (nil, $0) }
        }
        let rest = text.utf8.dropFirst(5)
        let head = Array(rest.prefix(128).prefix { $0 != UInt8(ascii: ",") })
        guard head.count < rest.count, rest.dropFirst(head.count).first == UInt8(ascii: ","),
            String(decoding: head, as: UTF8.self).lowercased().hasSuffix(";base64")
        else { return nil }
        return bytes(rest.dropFirst(head.count + 1)).map { (HeaderValue(head[...])?.token, $0) }
    }

    /// A blank stands for the `+` that a form did not escape; line breaks mean nothing.
    private static func bytes(_ text: Substring.UTF8View) -> [UInt8]? {
        var digits: [UInt8] = []
        digits.reserveCapacity(text.count)
        for byte in text {
            switch byte {
            case 0x20: digits.append(UInt8(ascii: "+"))
            case 0x09, 0x0A, 0x0D: continue
            default: digits.append(byte)
            }
        }
        guard !digits.isEmpty, let data = Data(base64Encoded: Data(digits)), !data.isEmpty else {
            return nil
        }
        return Array(data)
    }
}
