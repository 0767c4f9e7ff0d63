import GeoReport
import Reports
import FoundationEssentials

extension Gateway {
    func take(
        _ uploads: [UploadedPicture], from client: Client.ID, now: Date
    ) async throws(Fault) -> [StoredPicture] {
        guard uploads.isEmpty else {
            throw Fault(.unsupportedMediaType, "media: this server takes no pictures.")
        }
        return []
    }
}
