/// A picture of up to sixteen colours.
package struct Canvas: Sendable, Equatable {
    package let width: Int
    package let height: Int
    package private(set) var palette: [Colour]
    private var pixels: [UInt8]

    package struct Colour: Sendable, Equatable {
        package var red, green, blue: UInt8

        package init(_ hex: UInt32) {
            red = UInt8(truncatingIfNeeded: hex >> 16)
            green = UInt8(truncatingIfNeeded: hex >> 8)
            blue = UInt8(truncatingIfNeeded: hex)
        }
    }

    /// A canvas in the first colour of the palette.
    package init(width: Int = 320, height: Int = 240, palette: [Colour]) {
        precondition(palette.count <= 16, "four bits a pixel")
        self.width = width
        self.height = height
        self.palette = palette
        pixels = Array(repeating: 0, count: width * height)
    }

    /// The colour at a point; outside, the first one.
    package func index(_ x: Int, _ y: Int) -> UInt8 {
        contains(x, y) ? pixels[y * width + x] : 0
    }

    private func contains(_ x: Int, _ y: Int) -> Bool {
        (0..<width).contains(x) && (0..<height).contains(y)
    }

    /// Colours one point.
    package mutating func dot(_ x: Int, _ y: Int, _ colour: UInt8) {
        if contains(x, y) { pixels[y * width + x] = colour }
    }

    /// Colours a rectangle.
    package mutating func box(_ x: Int, _ y: Int, _ width: Int, _ height: Int, _ colour: UInt8) {
        for row in y..<max(y, y + height) {
            for column in x..<max(x, x + width) { dot(column, row, colour) }
        }
    }

    /// Colours an ellipse around a point.
    package mutating func oval(_ x: Int, _ y: Int, _ a: Int, _ b: Int, _ colour: UInt8) {
        guard a > 0, b > 0 else { return }
        for dy in -b...b {
            for dx in -a...a where dx * dx * b * b + dy * dy * a * a <= a * a * b * b {
                dot(x + dx, y + dy, colour)
            }
        }
    }

    /// Colours a line of a certain thickness.
    package mutating func line(
        from start: (x: Int, y: Int), to end: (x: Int, y: Int), thick: Int, _ colour: UInt8
    ) {
        let steps = max(abs(end.x - start.x), abs(end.y - start.y), 1)
        for step in 0...steps {
            let x = start.x + (end.x - start.x) * step / steps
            let y = start.y + (end.y - start.y) * step / steps
            box(x - thick / 2, y - thick / 2, thick, thick, colour)
        }
    }
}
