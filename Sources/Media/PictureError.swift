/// Why a picture is not taken, told as what its sender can do.
package enum PictureError: Error, Equatable, Sendable {
    /// There is nothing in it; send the picture.
    case empty
    /// It is no still JPEG, PNG or WebP; convert it.
    case unsupported
    /// It begins like a picture but breaks its format's rules, or ends too early; send it again.
    case malformed
    /// It has too many bytes or pixels; shrink it.
    case tooLarge

    /// The status of HTTP that says so.
    package var status: Int {
        switch self {
        case .empty, .malformed: 400
        case .tooLarge: 413
        case .unsupported: 415
        }
    }

    /// A sentence for the sender.
    package var sentence: String {
        switch self {
        case .empty: "a picture is empty"
        case .unsupported: "a picture must be a still JPEG, PNG or WebP image"
        case .malformed: "a picture is damaged or incomplete"
        case .tooLarge:
            "a picture may have at most 10 MB, 50 megapixels and 12000 pixels a side"
        }
    }
}
