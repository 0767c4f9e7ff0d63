import FoundationEssentials

/// Small pictures that vectors send: `{jpeg}`, `{png}`, `{webp}`, `{gif}` in a body that is no
/// form are their bytes, `{jpeg-text}` is one in base64.
///
/// JPEG and PNG carry a comment with an owner's name, which no answer may show (M4).
enum Pictures {
    /// The bytes of a placeholder, or `nil` if it stands for no picture.
    static func bytes(of name: Substring) -> [UInt8]? {
        text(of: String(name)).flatMap { Data(base64Encoded: $0) }.map { Array($0) }
    }

    /// The placeholders that are texts.
    static let texts = text(of: "jpeg").map { ["jpeg-text": $0] } ?? [:]

    private static func text(of name: String) -> String? {
        switch name {
        case "jpeg": jpeg
        case "png": png
        case "webp": webp
        case "gif": gif
        default: nil
        }
    }

    private static let jpeg = """
        /9j/4AAQSkZJRgABAQAAAQABAAD//gATT3duZXI6IE0uIFBldHJvdmH/2wBDAFA3PEY8MlBGQUZaVVBfeMiC\
        eG5uePWvuZHI////////////////////////////////////////////////////wAALCAAIAAgBAREA/8QA\
        HwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEG\
        E1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNk\
        ZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW\
        19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AI6//9k=
        """

    private static let png = """
        iVBORw0KGgoAAAANSUhEUgAAABAAAAAMCAIAAADkharWAAAAGXRFWHRDb21tZW50AE93bmVyOiBNLiBQZXRy\
        b3Zh55/5ygAAABdJREFUeJxj1DihwUAKYCJJ9aiGEaQBAJ7qATCbYnRRAAAAAElFTkSuQmCC
        """

    private static let webp = """
        UklGRi4AAABXRUJQVlA4ICIAAABwAQCdASoQAAwAB0CWJaACdAFAAAD+6ez/kl6k/KwltSgA
        """

    private static let gif = """
        R0lGODdhBAAEAIAAAAAAAAAAACwAAAAABAAEAAAICQABCBxIsCCAgAA7
        """
}
