/// What a sample's picture shows, drawn from a few shapes and a seed.
package enum Scene: String, Sendable, CaseIterable {
    case road, pavement, trash, light, car, wall, tree, sign, smoke

    /// How many different pictures there are of each scene.
    package static let variants = 12

    /// One of the pictures; the same one each time.
    package func canvas(_ variant: Int) -> Canvas {
        var random = SeededGenerator(seed: UInt64(variant), stream: UInt64(hash))
        var canvas = Canvas(palette: Self.palette(using: &random))
        street(&canvas, &random)
        subject(&canvas, &random)
        for _ in 0..<600 {
            canvas.dot(
                .random(in: 0..<320, using: &random), .random(in: 130..<240, using: &random), 5)
        }
        return canvas
    }

    private var hash: Int {
        rawValue.utf8.reduce(7) { ($0 * 31 + Int($1)) & 0xFFFF }
    }

    /// Sky, cloud, far houses, near houses, street, grit, kerb, paint, and eight for the subject.
    private static func palette(using random: inout SeededGenerator) -> [Canvas.Colour] {
        let skies: [UInt32] = [0x9CC4E4, 0xB8C4CC, 0x2A3350, 0xE6C39A]
        let houses: [UInt32] = [0xC9A98A, 0xB4776A, 0xD9CFA8, 0x8FA3A0]
        let fixed: [UInt32] = [
            0x5B5B5E, 0x47474A, 0xA5A39E, 0xE9E6DC, 0x1C1A1A, 0xC0392B, 0x2E7D4F, 0x6B4A2F,
            0xF2C744, 0x2F5FA8, 0x8C9196, 0xFFF3B0,
        ]
        let sky = skies.randomElement(using: &random) ?? 0
        let far = houses.randomElement(using: &random) ?? 0
        return ([sky, 0xF4F4F2, far, 0x7C6A5E] + fixed).map(Canvas.Colour.init)
    }

    private func street(_ canvas: inout Canvas, _ random: inout SeededGenerator) {
        for _ in 0..<3 {
            let x = Int.random(in: 20..<300, using: &random)
            canvas.oval(x, .random(in: 15..<50, using: &random), 30, 8, 1)
        }
        var x = 0
        while x < 320 {
            let width = Int.random(in: 35...75, using: &random)
            let height = Int.random(in: 50...105, using: &random)
            let colour: UInt8 = Bool.random(using: &random) ? 2 : 3
            canvas.box(x, 135 - height, width - 3, height, colour)
            for wx in stride(from: x + 6, to: x + width - 12, by: 14) {
                for wy in stride(from: 141 - height, to: 120, by: 18) {
                    canvas.box(wx, wy, 7, 10, Int.random(in: 0..<5, using: &random) == 0 ? 15 : 8)
                }
            }
            x += width
        }
        canvas.box(0, 135, 320, 14, 6)
        canvas.box(0, 149, 320, 91, 4)
        for x in stride(from: Int.random(in: -30..<0, using: &random), to: 320, by: 60) {
            canvas.box(x, 192, 32, 5, 7)
        }
    }

    private func subject(_ canvas: inout Canvas, _ random: inout SeededGenerator) {
        let x = Int.random(in: 90..<230, using: &random)
        let size = Int.random(in: 14..<26, using: &random)
        switch self {
        case .road:
            canvas.oval(x, 195, size * 2, size, 5)
            canvas.oval(x + 4, 198, size * 3 / 2, size * 2 / 3, 8)
            canvas.line(from: (x + size, 185), to: (x + size * 3, 170), thick: 2, 8)
        case .pavement:
            canvas.box(0, 135, 320, 60, 6)
            for column in stride(from: 0, to: 320, by: 32) { canvas.box(column, 135, 2, 60, 5) }
            canvas.box(x, 152, size * 2, size, 8)
            canvas.box(x + 6, 149, size, 6, 14)
        case .trash:
            for pile in 0..<7 {
                let at = x - 50 + pile * 16
                canvas.oval(
                    at, 165 + pile % 3 * 9, size, size * 2 / 3, [8, 10, 13, 11, 14][pile % 5])
            }
            canvas.box(x - 28, 118, 56, 42, 10)
            canvas.box(x - 32, 112, 64, 8, 14)
        case .light:
            canvas.box(x, 40, 6, 130, 14)
            canvas.line(from: (x, 42), to: (x + 46, 36), thick: 5, 14)
            canvas.oval(x + 48, 40, 13, 6, variantIsLit(size) ? 15 : 5)
        case .car: car(&canvas, x, size)
        case .wall:
            canvas.box(30, 60, 260, 78, 3)
            for stroke in 0..<6 {
                let at = 50 + stroke * 36
                canvas.line(
                    from: (at, 75 + stroke % 3 * 12), to: (at + size + 14, 118 - stroke % 2 * 24),
                    thick: 6, [9, 13, 12][stroke % 3])
            }
        case .tree:
            canvas.line(from: (x, 190), to: (x + size, 70), thick: 14, 11)
            canvas.oval(x + size, 62, 48, 34, 10)
            canvas.line(from: (x + size, 90), to: (x + 70, 140), thick: 6, 11)
        case .sign:
            canvas.line(from: (x, 185), to: (x + size * 2, 85), thick: 6, 14)
            canvas.oval(x + size * 2, 78, 24, 24, 9)
            canvas.box(x + size * 2 - 14, 74, 28, 8, 7)
        case .smoke:
            for puff in 0..<9 {
                canvas.oval(
                    x + puff * puff, 160 - puff * 15, size / 2 + puff * 4, size / 2 + puff * 3,
                    puff % 2 == 0 ? 14 : 6)
            }
            canvas.box(x - 20, 165, 40, 12, 9)
        }
    }

    private func variantIsLit(_ size: Int) -> Bool { size % 3 == 0 }

    private func car(_ canvas: inout Canvas, _ x: Int, _ size: Int) {
        let paint: UInt8 = [9, 13, 12, 10, 14][size % 5]
        canvas.box(x - 70, 150, 140, 34, paint)
        canvas.box(x - 42, 124, 82, 28, paint)
        canvas.box(x - 36, 129, 34, 20, 0)
        canvas.box(x + 4, 129, 30, 20, 0)
        for wheel in [x - 42, x + 42] {
            canvas.oval(wheel, 184, 15, 15, 8)
            canvas.oval(wheel, 184, 7, 7, 14)
        }
        canvas.box(x + 62, 158, 8, 8, 15)
    }
}
