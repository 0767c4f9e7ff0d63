import Testing

@testable import Media

@Suite struct ThumbnailTests {
    @Test func `without the program there are no thumbnails, and that is told`() async throws {
        let none = await Thumbnailer.find(program: "no-such-thumbnailer")
        #expect(none.state == .absent)
        let picture = try Picture.read(PNG.file())
        await #expect(throws: Thumbnailer.Failure.absent) {
            try await none.thumbnail(of: picture, .small)
        }
    }

    @Test func `a program that prints but draws nothing gives no thumbnail`() async throws {
        let echo = await Thumbnailer.find(program: "echo")
        try #require(echo.state != .absent)
        let picture = try Picture.read(PNG.file())
        await #expect(throws: Thumbnailer.Failure.undrawable) {
            try await echo.thumbnail(of: picture, .small)
        }
    }

    @Test func `a picture is drawn smaller, upright, and clean`() async throws {
        let drawer = await Thumbnailer.find()
        // Debian: libvips-tools. Without it there is nothing to show.
        guard drawer.state != .absent else { return }
        let turned = JPEG.exif(EXIF.block(orientation: 6))
        let picture = try Picture.read(JPEG.file(1600, 800, with: turned))
        let small = try await drawer.thumbnail(of: picture, .small)
        #expect((small.format, small.width, small.height) == (.jpeg, 200, 400))
        #expect(small.orientation == .upright)
        let large = try await drawer.thumbnail(of: Picture.read(PNG.file(1300, 20)), .large)
        #expect((large.format, large.width) == (.webp, 1200))
        let tiny = try await drawer.thumbnail(of: Picture.read(PNG.file(30, 20)), .small)
        #expect((tiny.width, tiny.height) == (30, 20))
    }

    @Test func `a picture that cannot be drawn costs its thumbnail and nothing else`() async throws
    {
        let drawer = await Thumbnailer.find()
        guard drawer.state != .absent else { return }
        // Its segments are right; the quantizers that its frame names are missing.
        let broken = JPEG.start + JPEG.frame(40, 40) + JPEG.codes + JPEG.scan(40, 40) + JPEG.end
        let picture = try Picture.read(broken)
        for _ in 0..<6 {
            await #expect(throws: Thumbnailer.Failure.undrawable) {
                try await drawer.thumbnail(of: picture, .small)
            }
        }
        _ = try await drawer.thumbnail(of: Picture.read(PNG.file(30, 20)), .small)
    }
}
