package org.mobula.core.runtime.local;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.NotTransferableException;

/**
 * A value as it would go to another machine: its serialised bytes, and beside them the references,
 * actors and runtimes it mentions, which go by name. Each opening makes a fresh copy.
 */
final class Envelope {
  private final byte[] bytes;
  private final Object[] handles;

  private Envelope(byte[] bytes, Object[] handles) {
    this.bytes = bytes;
    this.handles = handles;
  }

  /**
   * Serialises a value.
   *
   * @param what the value is, for the message
   * @throws NotTransferableException with the path to the part that cannot be serialised
   */
  static Envelope pack(String what, @Nullable Object value) {
    return pack(what, value, false);
  }

  /**
   * As {@link #pack(String, Object)}.
   *
   * @param leavesFiles whether a {@code java.io.File} is refused, as a {@code Path} always is
   */
  static Envelope pack(String what, @Nullable Object value, boolean leavesFiles) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    List<Object> handles = new ArrayList<>();
    try (Writer writer = new Writer(bytes, handles, leavesFiles)) {
      writer.writeObject(value);
    } catch (NotSerializableException e) {
      String culprit = String.valueOf(e.getMessage());
      throw new NotTransferableException(
          what
              + " cannot go to another machine: "
              + ObjectPath.find(value, culprit)
              + " is of class "
              + culprit
              + (culprit.equals(File.class.getName())
                  ? ", which names a file of this machine; send what is in it, or its name as text"
                  : ", which is not Serializable; make it so, or do not capture or return it"),
          e);
    } catch (IOException | RuntimeException e) {
      throw new NotTransferableException(what + " cannot go to another machine: " + e, e);
    }
    return new Envelope(bytes.toByteArray(), handles.toArray());
  }

  /** A fresh copy of the value. */
  @Nullable Object open() {
    try (Reader reader = new Reader(bytes, handles)) {
      return reader.readObject();
    } catch (IOException | ClassNotFoundException e) {
      throw new NotTransferableException("a received value cannot be read: " + e, e);
    }
  }

  /** What stands in the bytes for a reference, an actor or the runtime. */
  private record Handle(int index) implements Serializable {}

  private static final class Writer extends ObjectOutputStream {
    private final List<Object> handles;
    private final boolean leavesFiles;

    Writer(OutputStream out, List<Object> handles, boolean leavesFiles) throws IOException {
      super(out);
      this.handles = handles;
      this.leavesFiles = leavesFiles;
      enableReplaceObject(true);
    }

    @Override
    protected Object replaceObject(Object value) throws IOException {
      if (leavesFiles && value instanceof File) {
        throw new NotSerializableException(value.getClass().getName());
      }
      if (value instanceof LocalRef
          || value instanceof LocalActor
          || value instanceof LocalTaskRuntime) {
        handles.add(value);
        return new Handle(handles.size() - 1);
      }
      return value;
    }
  }

  private static final class Reader extends ObjectInputStream {
    private final Object[] handles;

    Reader(byte[] bytes, Object[] handles) throws IOException {
      super(new ByteArrayInputStream(bytes));
      this.handles = handles;
      enableResolveObject(true);
    }

    @Override
    protected Object resolveObject(Object value) {
      return value instanceof Handle handle ? handles[handle.index()] : value;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      if (Thread.currentThread().getContextClassLoader() instanceof OwnClasses own) {
        return resolve(description, own);
      }
      try {
        return super.resolveClass(description);
      } catch (ClassNotFoundException e) {
        // Classes of a notebook or an application server are known to the thread's loader only.
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        return Class.forName(description.getName(), false, loader);
      }
    }

    private Class<?> resolve(ObjectStreamClass description, OwnClasses own)
        throws IOException, ClassNotFoundException {
      try {
        return Class.forName(description.getName(), false, own);
      } catch (ClassNotFoundException e) {
        Class<?> primitive = super.resolveClass(description);
        if (primitive.isPrimitive()) {
          return primitive;
        }
        throw e; // a class that only the driver has
      }
    }
  }
}
