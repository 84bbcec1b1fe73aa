package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.codec.MalformedPayloadException;
import org.mobula.parameterserver.shard.SliceSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory that a client and its server share where both run on one machine: one slice's gradient and
 * one slice's values, encoded as they would be in frames. So the kernel copies them neither out of
 * one process nor into the other; the connection carries the words and says when floats are there.
 *
 * <p>The client makes a file of its user alone in the machine's memory, the server maps it too, and
 * then it is removed: nobody else can open it or cut it short, and it goes with the processes.
 * Whoever reads trusts the places that the codec and the number of floats give, and nothing that
 * stands in the memory. Any thread, as a shard reads and writes here while it takes its step.
 */
final class SharedFloats implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SharedFloats.class);

  /** A file system in memory, on Linux; elsewhere nothing is shared. */
  private static final Path MEMORY = Path.of("/dev/shm");

  /** Below, a slice fits a frame, which takes no longer. */
  private static final int LEAST_FLOATS = Codec.SEGMENT;

  /** What is copied at once holds heartbeats up; above this, frames take turns with them. */
  private static final long MOST_BYTES = 1 << 28;

  private static final Set<PosixFilePermission> OWNERS_FOLDER =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> OWNERS_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final int PIECE_BYTES = 1 << 20;

  /** What both sides must agree on. */
  record Terms(int floats, @Nullable CodecKind gradients, CodecKind values) {
    /** Without the gradients where their codec's segments have no fixed length. */
    static Terms of(int floats, CodecKind gradients, CodecKind values) {
      return new Terms(floats, gradients == CodecKind.TOP_K ? null : gradients, values);
    }

    private static long bytes(int floats, @Nullable CodecKind kind) {
      if (kind == null) {
        return 0;
      }
      Codec codec = Codec.reading(kind);
      return (long) (floats / Codec.SEGMENT) * codec.maxEncodedBytes(Codec.SEGMENT)
          + codec.maxEncodedBytes(floats % Codec.SEGMENT);
    }

    private long gradientBytes() {
      return bytes(floats, gradients);
    }

    private long allBytes() {
      return gradientBytes() + bytes(floats, values);
    }

    /** Whether there is any use in sharing. */
    boolean pay() {
      return floats >= LEAST_FLOATS && allBytes() <= MOST_BYTES;
    }
  }

  /** The name of the file's folder, which nobody can guess. */
  record Name(long high, long low) {
    static Name random() {
      UUID random = UUID.randomUUID();
      return new Name(random.getMostSignificantBits(), random.getLeastSignificantBits());
    }

    void write(ByteBuf out) {
      out.writeLongLE(high).writeLongLE(low);
    }

    static Name read(ByteBuf in) {
      return new Name(in.readLongLE(), in.readLongLE());
    }

    Path folder() {
      return MEMORY.resolve("mobula-%016x%016x".formatted(high, low));
    }

    Path file() {
      return folder().resolve("floats");
    }
  }

  final Terms terms;
  final Name name;
  private final FileChannel file;
  private final MappedByteBuffer memory;
  private final ByteBuffer gradients;
  private final ByteBuffer values;
  private final Codec valuesCodec;
  private boolean closed;

  /** The gradient that a shard may still read here. */
  private @Nullable Loan loan;

  /** What was wrong with a gradient when it was read. */
  private @Nullable WireException fault;

  private SharedFloats(Terms terms, Name name, FileChannel file) throws IOException {
    this.terms = terms;
    this.name = name;
    this.file = file;
    memory = file.map(MapMode.READ_WRITE, 0, terms.allBytes());
    int middle = (int) terms.gradientBytes();
    gradients = memory.slice(0, middle);
    valuesCodec = Codec.reading(terms.values);
    values = memory.slice(middle, memory.capacity() - middle);
  }

  /** Whether the peer is on this machine, as far as its address says. */
  static boolean isNear(@Nullable SocketAddress peer) {
    if (!(peer instanceof InetSocketAddress internet)) {
      return peer != null; // a Unix-domain socket
    }
    InetAddress address = internet.getAddress();
    return address != null && address.isLoopbackAddress();
  }

  /**
   * Makes the file, with all its pages, and maps it.
   *
   * @return null where that is not possible
   */
  static @Nullable SharedFloats create(Terms terms) {
    if (!terms.pay() || !Files.isDirectory(MEMORY)) {
      return null;
    }
    Name name = Name.random();
    try {
      Files.createDirectory(name.folder(), PosixFilePermissions.asFileAttribute(OWNERS_FOLDER));
      FileChannel file =
          FileChannel.open(
              name.file(),
              Set.of(
                  StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(OWNERS_FILE));
      return mapped(terms, name, file, true);
    } catch (IOException | UnsupportedOperationException e) {
      remove(name);
      return null;
    }
  }

  /**
   * Maps what a client has made.
   *
   * @return null if it is not here, not this user's alone, or of another length
   */
  static @Nullable SharedFloats open(Terms terms, Name name) {
    if (!terms.pay()) {
      return null;
    }
    try {
      PosixFileAttributes folder =
          Files.readAttributes(name.folder(), PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      PosixFileAttributes file =
          Files.readAttributes(name.file(), PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!folder.isDirectory()
          || !folder.owner().equals(Files.getOwner(Path.of("/proc/self")))
          || !folder.permissions().equals(OWNERS_FOLDER)
          || !file.isRegularFile()) {
        return null;
      }
      FileChannel opened =
          FileChannel.open(
              name.file(),
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              LinkOption.NOFOLLOW_LINKS);
      return mapped(terms, name, opened, false);
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
  }

  private static SharedFloats mapped(Terms terms, Name name, FileChannel file, boolean fill)
      throws IOException {
    try {
      if (fill) {
        fill(file, terms.allBytes());
      }
      if (file.size() != terms.allBytes()) {
        throw new IOException("it is of another length");
      }
      return new SharedFloats(terms, name, file);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** A page that there is no room for when it is first written would end the process. */
  private static void fill(FileChannel file, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect(PIECE_BYTES);
    for (long at = 0; at < bytes; at += zeros.limit()) {
      file.write(zeros.clear().limit((int) Math.min(PIECE_BYTES, bytes - at)), at);
    }
  }

  /** To be called once both have it mapped. */
  void removeFile() {
    remove(name);
  }

  /** The other cannot map it. */
  void giveUp() {
    removeFile();
    close();
  }

  private static void remove(Name name) {
    try {
      Files.deleteIfExists(name.file());
      Files.deleteIfExists(name.folder());
    } catch (IOException e) {
      // The other side was quicker, or it was never there.
    }
  }

  /** Whether these are values as agreed. */
  boolean takes(Vectors floats) {
    Codec codec = floats.codec;
    return codec != null && codec.kind() == terms.values && floats.hasNext();
  }

  void writeGradient(Vectors floats) {
    write(floats, gradients);
  }

  void writeValues(Vectors floats) {
    write(floats, values);
  }

  void readGradient(Vectors floats) {
    read(floats, gradients, terms.gradients);
  }

  void readValues(Vectors floats) {
    read(floats, values, terms.values);
  }

  /** What a gradient was found to be when a shard read it, if it breaks the protocol. */
  synchronized @Nullable WireException fault() {
    return fault;
  }

  /**
   * The gradient, to be read where it lies until the loan ends. When this memory is given back
   * before, it is copied.
   */
  synchronized Loan lendGradient() {
    Loan lent = new Loan(Codec.reading(Objects.requireNonNull(terms.gradients)));
    loan = lent;
    return lent;
  }

  /** A gradient that a shard reads while the client leaves it alone. */
  final class Loan implements SliceSource {
    private final Codec codec;
    private float[] copy = new float[0];

    private Loan(Codec codec) {
      this.codec = codec;
    }

    @Override
    public int length() {
      return terms.floats;
    }

    @Override
    public void read(int from, int count, float[] target, int offset) {
      synchronized (SharedFloats.this) {
        if (copy.length > 0) {
          System.arraycopy(copy, from, target, offset, count);
        } else {
          decode(from, count, target, offset);
        }
      }
    }

    private void decode(int from, int count, float[] target, int offset) {
      try {
        if (closed) {
          throw WireException.malformed("the shared memory was given back");
        }
        checkLength();
        int at = from / Codec.SEGMENT * codec.maxEncodedBytes(Codec.SEGMENT);
        codec.decode(gradients.slice(at, codec.maxEncodedBytes(count)), target, offset, count);
      } catch (WireException e) {
        unreadable(e, target, offset, count);
      } catch (MalformedPayloadException e) {
        unreadable(WireException.malformed(String.valueOf(e.getMessage())), target, offset, count);
      }
    }

    private void unreadable(WireException why, float[] target, int offset, int count) {
      fault = why;
      Arrays.fill(target, offset, offset + count, Float.NaN);
    }

    private void copy() {
      float[] all = new float[terms.floats];
      for (int from = 0; from < all.length; from += Codec.SEGMENT) {
        decode(from, Math.min(Codec.SEGMENT, all.length - from), all, from);
      }
      copy = all;
    }

    /** The shard has what it needs. */
    void end() {
      synchronized (SharedFloats.this) {
        if (loan == this) {
          loan = null;
        }
      }
    }
  }

  /**
   * Writes a segment of values.
   *
   * @return false if that is not possible; the whole slice then says why
   */
  synchronized boolean writeStretch(float[] values, int from, int to) {
    if (closed || !isWhole()) {
      return false;
    }
    int at = from / Codec.SEGMENT * valuesCodec.maxEncodedBytes(Codec.SEGMENT);
    int bytes = valuesCodec.maxEncodedBytes(to - from);
    valuesCodec.encode(values, from, to - from, this.values.slice(at, bytes));
    return true;
  }

  private boolean isWhole() {
    try {
      return file.size() == terms.allBytes();
    } catch (IOException e) {
      return false;
    }
  }

  /** To touch what is no longer there would be a fault of the whole process. */
  private void checkLength() {
    try {
      if (file.size() != terms.allBytes()) {
        throw WireException.malformed("the file of the shared memory was cut short");
      }
    } catch (IOException e) {
      throw WireException.malformed("the file of the shared memory is gone: " + e.getMessage());
    }
  }

  private synchronized void write(Vectors floats, ByteBuffer area) {
    checkLength();
    synchronized (floats) {
      for (int at = 0; floats.hasNext(); floats.advance()) {
        Codec codec = floats.codec();
        int bytes = codec.maxEncodedBytes(floats.count());
        codec.encode(floats.array(), floats.offset(), floats.count(), area.slice(at, bytes));
        at += bytes;
      }
    }
  }

  private synchronized void read(Vectors floats, ByteBuffer area, @Nullable CodecKind kind) {
    checkLength();
    for (int at = 0; floats.hasNext(); floats.advance()) {
      Codec codec = floats.codec();
      int bytes = codec.maxEncodedBytes(floats.count());
      if (codec.kind() != kind || bytes > area.capacity() - at) {
        throw WireException.malformed(
            "%s floats as %s are said to be shared"
                .formatted(floats.count(), codec.kind().label()));
      }
      codec.decode(area.slice(at, bytes), floats.array(), floats.offset(), floats.count());
      at += bytes;
    }
  }

  /** Gives the memory back at once; the garbage collector would in its own time. */
  @Override
  public synchronized void close() {
    if (!closed) {
      if (loan != null) {
        loan.copy();
      }
      closed = true;
      try {
        file.close();
      } catch (IOException e) {
        LOG.info("The file of shared memory cannot be closed: {}", e.getMessage());
      }
      Unmapping.unmap(memory);
    }
  }

  /** Java 17 has no other way to let go of a mapped file. */
  private static final class Unmapping {
    private static final @Nullable MethodHandle CLEANER = find();

    private Unmapping() {}

    private static @Nullable MethodHandle find() {
      try {
        Class<?> unsafe = Class.forName("sun.misc.Unsafe");
        Field only = unsafe.getDeclaredField("theUnsafe");
        only.setAccessible(true);
        return MethodHandles.lookup()
            .findVirtual(
                unsafe, "invokeCleaner", MethodType.methodType(void.class, ByteBuffer.class))
            .bindTo(only.get(null));
      } catch (ReflectiveOperationException e) {
        return null;
      }
    }

    static void unmap(ByteBuffer mapped) {
      MethodHandle cleaner = CLEANER;
      if (cleaner == null) {
        return;
      }
      try {
        cleaner.invoke(mapped);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
