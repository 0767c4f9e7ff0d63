/// Why a stored picture could not be written, read or drawn smaller.
package enum MediaError: Error, Equatable, Sendable {
    /// Too little space is left on the disk: take no pictures, but go on taking reports (M8).
    case full
    /// The disk or the object storage did not do it this time; try again.
    case unavailable
    /// The object storage said no; a person must look at its address, its bucket or its keys.
    case refused(status: Int)
    /// The directory cannot be made or written to; a person must look at it.
    case noDirectory
}
