package org.mobula.core.rendering;

import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes an endless GIF frame by frame (GIF89a). All frames share one palette: the commonest
 * colours of the first frame, and a coarse cube of all others. After the first frame only the part
 * that changed is written.
 */
final class GifWriter implements Closeable {
  private static final String STREAM_FORMAT = "javax_imageio_gif_stream_1.0";
  private static final String IMAGE_FORMAT = "javax_imageio_gif_image_1.0";

  /** Colours of the cube along each of red, green and blue. */
  private static final int CUBE_SIDE = 5;

  /** Where the palette has no colour: leave what is there. */
  private static final int TRANSPARENT = 255;

  private final int width;
  private final int height;
  private final ImageWriter writer;
  private final MemoryCacheImageOutputStream stream;

  /** Palette index of each colour of five bits a channel; -1 where none was looked for yet. */
  private final short[] nearest = new short[1 << 15];

  private final byte[] shown;
  private @Nullable IndexColorModel palette;

  /**
   * Starts a GIF.
   *
   * @param out stays open
   */
  public GifWriter(OutputStream out, int width, int height) {
    Picture.requireSize(width, height);
    this.width = width;
    this.height = height;
    this.writer = ImageIO.getImageWritersByFormatName("gif").next();
    this.stream = new MemoryCacheImageOutputStream(out);
    this.shown = new byte[width * height];
    writer.setOutput(stream);
  }

  /**
   * Adds a frame.
   *
   * @param frame of the GIF's size
   * @param hundredths of a second that it is shown; browsers take less than 2 for 10
   */
  public void add(BufferedImage frame, int hundredths) throws IOException {
    if (frame.getWidth() != width || frame.getHeight() != height) {
      throw new IllegalArgumentException(
          "the frame is %s by %s pixels but the GIF %s by %s"
              .formatted(frame.getWidth(), frame.getHeight(), width, height));
    }
    int[] pixels = frame.getRGB(0, 0, width, height, null, 0, width);
    IndexColorModel colours = palette;
    boolean first = colours == null;
    if (colours == null) {
      colours = palette(pixels);
      palette = colours;
      writer.prepareWriteSequence(header(colours));
    }
    byte[] indices = new byte[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      indices[i] = (byte) index(pixels[i], colours);
    }
    Rectangle part = first ? new Rectangle(width, height) : changed(indices);
    BufferedImage image =
        new BufferedImage(part.width, part.height, BufferedImage.TYPE_BYTE_INDEXED, colours);
    byte[] row = new byte[part.width];
    for (int y = 0; y < part.height; y++) {
      int from = (part.y + y) * width + part.x;
      for (int x = 0; x < part.width; x++) {
        row[x] =
            !first && indices[from + x] == shown[from + x] ? (byte) TRANSPARENT : indices[from + x];
      }
      image.getRaster().setDataElements(0, y, part.width, 1, row);
    }
    System.arraycopy(indices, 0, shown, 0, indices.length);
    writer.writeToSequence(
        new IIOImage(image, null, describe(image, part, hundredths, first)), null);
    stream.flushBefore(stream.getStreamPosition());
  }

  /** The smallest part that holds every changed pixel; one pixel where nothing changed. */
  private Rectangle changed(byte[] indices) {
    int left = width;
    int right = -1;
    int top = height;
    int bottom = -1;
    for (int i = 0; i < indices.length; i++) {
      if (indices[i] != shown[i]) {
        left = Math.min(left, i % width);
        right = Math.max(right, i % width);
        top = Math.min(top, i / width);
        bottom = i / width;
      }
    }
    return right < 0
        ? new Rectangle(1, 1)
        : new Rectangle(left, top, right - left + 1, bottom - top + 1);
  }

  /** Puts the commonest colours, one for each cell of five bits a channel, beside a cube. */
  private IndexColorModel palette(int[] pixels) {
    Map<Integer, Integer> counts = new HashMap<>();
    for (int pixel : pixels) {
      counts.merge(pixel & 0xffffff, 1, Integer::sum);
    }
    List<Integer> common =
        counts.keySet().stream()
            .sorted(
                Comparator.<Integer, Integer>comparing(counts::get)
                    .reversed()
                    .thenComparing(Comparator.naturalOrder()))
            .toList();
    Arrays.fill(nearest, (short) -1);
    int[] colours = new int[256];
    int count = 0;
    for (int red = 0; red < CUBE_SIDE; red++) {
      for (int green = 0; green < CUBE_SIDE; green++) {
        for (int blue = 0; blue < CUBE_SIDE; blue++) {
          colours[count++] = shade(red) << 16 | shade(green) << 8 | shade(blue);
        }
      }
    }
    for (int colour : common) {
      if (count < TRANSPARENT && nearest[cell(colour)] < 0) {
        nearest[cell(colour)] = (short) count;
        colours[count++] = colour;
      }
    }
    byte[] red = new byte[256];
    byte[] green = new byte[256];
    byte[] blue = new byte[256];
    for (int i = 0; i < 256; i++) {
      red[i] = (byte) (colours[i] >> 16);
      green[i] = (byte) (colours[i] >> 8);
      blue[i] = (byte) colours[i];
    }
    return new IndexColorModel(8, 256, red, green, blue, TRANSPARENT);
  }

  private static int shade(int step) {
    return step * 255 / (CUBE_SIDE - 1);
  }

  private static int cell(int colour) {
    return (colour >> 9 & 0x7c00) | (colour >> 6 & 0x3e0) | (colour >> 3 & 0x1f);
  }

  private int index(int colour, IndexColorModel colours) {
    int cell = cell(colour);
    if (nearest[cell] < 0) {
      int best = 0;
      int least = Integer.MAX_VALUE;
      for (int i = 0; i < TRANSPARENT; i++) {
        int red = (colour >> 16 & 255) - colours.getRed(i);
        int green = (colour >> 8 & 255) - colours.getGreen(i);
        int blue = (colour & 255) - colours.getBlue(i);
        int distance = red * red + green * green + blue * blue;
        if (distance < least) {
          least = distance;
          best = i;
        }
      }
      nearest[cell] = (short) best;
    }
    return nearest[cell];
  }

  private IIOMetadata header(IndexColorModel colours) throws IOException {
    IIOMetadata metadata = writer.getDefaultStreamMetadata(null);
    IIOMetadataNode root = new IIOMetadataNode(STREAM_FORMAT);
    root.appendChild(node("Version", "value", "89a"));
    root.appendChild(
        node(
            "LogicalScreenDescriptor",
            "logicalScreenWidth",
            String.valueOf(width),
            "logicalScreenHeight",
            String.valueOf(height),
            "colorResolution",
            "8",
            "pixelAspectRatio",
            "0"));
    IIOMetadataNode table =
        node(
            "GlobalColorTable",
            "sizeOfGlobalColorTable",
            "256",
            "backgroundColorIndex",
            "0",
            "sortFlag",
            "FALSE");
    for (int i = 0; i < 256; i++) {
      table.appendChild(
          node(
              "ColorTableEntry",
              "index",
              String.valueOf(i),
              "red",
              String.valueOf(colours.getRed(i)),
              "green",
              String.valueOf(colours.getGreen(i)),
              "blue",
              String.valueOf(colours.getBlue(i))));
    }
    root.appendChild(table);
    metadata.mergeTree(STREAM_FORMAT, root);
    return metadata;
  }

  private IIOMetadata describe(BufferedImage image, Rectangle part, int hundredths, boolean first)
      throws IOException {
    IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), null);
    IIOMetadataNode root = new IIOMetadataNode(IMAGE_FORMAT);
    root.appendChild(
        node(
            "ImageDescriptor",
            "imageLeftPosition",
            String.valueOf(part.x),
            "imageTopPosition",
            String.valueOf(part.y),
            "imageWidth",
            String.valueOf(part.width),
            "imageHeight",
            String.valueOf(part.height),
            "interlaceFlag",
            "FALSE"));
    root.appendChild(
        node(
            "GraphicControlExtension",
            "disposalMethod",
            "doNotDispose",
            "userInputFlag",
            "FALSE",
            "transparentColorFlag",
            "TRUE",
            "delayTime",
            String.valueOf(hundredths),
            "transparentColorIndex",
            String.valueOf(TRANSPARENT)));
    if (first) {
      IIOMetadataNode endless =
          node("ApplicationExtension", "applicationID", "NETSCAPE", "authenticationCode", "2.0");
      endless.setUserObject(new byte[] {1, 0, 0}); // repeat, 0 times: for ever
      IIOMetadataNode extensions = new IIOMetadataNode("ApplicationExtensions");
      extensions.appendChild(endless);
      root.appendChild(extensions);
    }
    metadata.mergeTree(IMAGE_FORMAT, root);
    return metadata;
  }

  private static IIOMetadataNode node(String name, String... attributes) {
    IIOMetadataNode node = new IIOMetadataNode(name);
    for (int i = 0; i < attributes.length; i += 2) {
      node.setAttribute(attributes[i], attributes[i + 1]);
    }
    return node;
  }

  /** Ends the GIF. */
  @Override
  public void close() throws IOException {
    try {
      if (palette != null) {
        writer.endWriteSequence();
      }
    } finally {
      writer.dispose();
      stream.close();
    }
  }
}
