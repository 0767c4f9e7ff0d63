/// A picture that came along with a call, as it was sent: nobody has looked into it yet.
package struct UploadedPicture: Sendable, Equatable {
    /// The parameter that it came under, for a fault to name.
    package let name: String
    /// What its sender calls it; never believed (M3).
    package let contentType: String?
    package let bytes: ArraySlice<UInt8>

    package init(name: String, contentType: String?, bytes: ArraySlice<UInt8>) {
        self.name = name
        self.contentType = contentType
        self.bytes = bytes
    }
}
