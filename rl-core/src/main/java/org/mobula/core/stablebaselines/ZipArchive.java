package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * A ZIP archive in memory, as Python's zipfile and PyTorch write them: archives lie in archives,
 * and PyTorch's have stored entries with data descriptors, which java.util.zip reads from files
 * alone. Entries are found by the central directory, and unpacked when they are asked for.
 *
 * <p>Source: PKWARE's APPNOTE 6.3.10, sections 4.3.7 to 4.3.16.
 */
final class ZipArchive {
  private static final int END = 0x06054b50;
  private static final int END_SIZE = 22;
  private static final int END_64_LOCATOR = 0x07064b50;
  private static final int END_64_LOCATOR_SIZE = 20;
  private static final int END_64 = 0x06064b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int CENTRAL_SIZE = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_SIZE = 30;
  private static final int EXTRA_64 = 1;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final int MOST_ENTRIES = 10_000;
  private static final long ALL_ONES = 0xFFFFFFFFL;

  private final String name;
  private final ByteBuffer bytes;
  private final Limits limits;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  private record Entry(
      int flags, int method, long crc, long packed, long unpacked, long localHeader) {}

  /**
   * Reads the directory.
   *
   * @param name of the archive, for errors
   * @throws IOException if it is no such archive, or holds what none should
   */
  ZipArchive(String name, byte[] contents, Limits limits) throws IOException {
    this.name = name;
    this.bytes = ByteBuffer.wrap(contents).order(ByteOrder.LITTLE_ENDIAN);
    this.limits = limits;
    try {
      readDirectory();
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new IOException(name + " is cut off or broken: its directory points out of it", e);
    }
  }

  /** The names of all entries. */
  Set<String> names() {
    return entries.keySet();
  }

  private void readDirectory() throws IOException {
    int end = findEnd();
    long count = Short.toUnsignedInt(bytes.getShort(end + 10));
    long at = Integer.toUnsignedLong(bytes.getInt(end + 16));
    int locator = end - END_64_LOCATOR_SIZE;
    if (locator >= 0 && bytes.getInt(locator) == END_64_LOCATOR) {
      int end64 = index(bytes.getLong(locator + 8));
      if (bytes.getInt(end64) != END_64) {
        throw new IOException(
            name + " is broken: its directory of 64 bits is not where it is said");
      }
      count = bytes.getLong(end64 + 32);
      at = bytes.getLong(end64 + 48);
    }
    if (count < 0 || count > MOST_ENTRIES) {
      throw new IOException(
          "%s says that it has %,d entries but may have %,d".formatted(name, count, MOST_ENTRIES));
    }
    int header = index(at);
    for (long i = 0; i < count; i++) {
      header = readEntry(header);
    }
  }

  private int findEnd() throws IOException {
    int last = bytes.limit() - END_SIZE;
    for (int at = last; at >= Math.max(0, last - 0xFFFF); at--) {
      if (bytes.getInt(at) == END) {
        return at;
      }
    }
    throw new IOException(name + " is no ZIP archive, or is cut off: it has no directory");
  }

  private int readEntry(int header) throws IOException {
    if (bytes.getInt(header) != CENTRAL) {
      throw new IOException(name + " is broken: an entry is missing in its directory");
    }
    int nameLength = unsigned(header + 28);
    int extraLength = unsigned(header + 30);
    int next = header + CENTRAL_SIZE + nameLength + extraLength + unsigned(header + 32);
    byte[] text = new byte[nameLength];
    bytes.get(header + CENTRAL_SIZE, text);
    String entryName = new String(text, StandardCharsets.UTF_8);
    requireInside(entryName);
    long[] sizes = {
      Integer.toUnsignedLong(bytes.getInt(header + 24)),
      Integer.toUnsignedLong(bytes.getInt(header + 20)),
      Integer.toUnsignedLong(bytes.getInt(header + 42))
    };
    readExtra(header + CENTRAL_SIZE + nameLength, extraLength, sizes);
    Entry entry =
        new Entry(
            unsigned(header + 8),
            unsigned(header + 10),
            Integer.toUnsignedLong(bytes.getInt(header + 16)),
            sizes[1],
            sizes[0],
            sizes[2]);
    if (entries.put(entryName, entry) != null) {
      throw new IOException("%s has two entries called \"%s\"".formatted(name, entryName));
    }
    return next;
  }

  /** Replaces those of the numbers that had no room in 32 bits, in the order of the format. */
  private void readExtra(int from, int length, long[] numbers) {
    int end = from + length;
    for (int at = from; at + 4 <= end; at += 4 + unsigned(at + 2)) {
      if (unsigned(at) == EXTRA_64) {
        int field = at + 4;
        for (int i = 0; i < numbers.length; i++) {
          if (numbers[i] == ALL_ONES) {
            numbers[i] = bytes.getLong(field);
            field += Long.BYTES;
          }
        }
      }
    }
  }

  /** Nothing is ever unpacked into files; but who names such an entry means harm. */
  private void requireInside(String entry) throws IOException {
    boolean outside =
        entry.startsWith("/")
            || entry.indexOf('\\') >= 0
            || entry.indexOf(':') >= 0
            || entry.indexOf('\0') >= 0
            || Arrays.asList(entry.split("/")).contains("..");
    if (outside) {
      throw new IOException(
          "%s has an entry called \"%s\", which leads out of it".formatted(name, entry));
    }
  }

  /** The contents of an entry; null if there is none of this name. */
  byte @Nullable [] find(String entryName) throws IOException {
    Entry entry = entries.get(entryName);
    if (entry == null) {
      return null;
    }
    String what = name + "/" + entryName;
    if ((entry.flags & 1) != 0) {
      throw new IOException(what + " is encrypted");
    }
    limits.take(what, entry.unpacked);
    try {
      int local = index(entry.localHeader);
      if (bytes.getInt(local) != LOCAL) {
        throw new IOException(what + " is not where the directory says");
      }
      int from = local + LOCAL_SIZE + unsigned(local + 26) + unsigned(local + 28);
      int packed = index(entry.packed);
      if (from > bytes.limit() - packed) {
        throw new IOException(what + " is cut off");
      }
      byte[] unpacked = unpack(what, entry, from, packed);
      CRC32 crc = new CRC32();
      crc.update(unpacked);
      if (crc.getValue() != entry.crc) {
        throw new IOException(what + " is broken: its checksum is another");
      }
      return unpacked;
    } catch (IndexOutOfBoundsException e) {
      throw new IOException(what + " is cut off or broken", e);
    }
  }

  private byte[] unpack(String what, Entry entry, int from, int packed) throws IOException {
    if (entry.method == STORED && entry.packed == entry.unpacked) {
      return Arrays.copyOfRange(bytes.array(), from, from + packed);
    } else if (entry.method != DEFLATED) {
      throw new IOException(
          what + " is packed by method " + entry.method + " but must be stored or deflated");
    }
    byte[] unpacked = new byte[index(entry.unpacked)];
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(bytes.array(), from, packed);
      int at = 0;
      while (at < unpacked.length) {
        int more = inflater.inflate(unpacked, at, unpacked.length - at);
        if (more == 0) {
          throw new IOException(what + " is cut off: it unpacks to fewer bytes than it says");
        }
        at += more;
      }
      if (inflater.inflate(new byte[1]) > 0) {
        throw new IOException(what + " unpacks to more bytes than it says");
      }
      return unpacked;
    } catch (DataFormatException e) {
      throw new IOException(what + " is broken: it is not deflated", e);
    } finally {
      inflater.end();
    }
  }

  private int unsigned(int at) {
    return Short.toUnsignedInt(bytes.getShort(at));
  }

  private int index(long offset) {
    if (offset < 0 || offset > Integer.MAX_VALUE) {
      throw new IndexOutOfBoundsException("offset " + offset);
    }
    return (int) offset;
  }
}
