package org.mobula.parameterserver.wire;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * A Unix-domain socket that its owner alone may connect to, from its first moment on: it is made in
 * a directory that nobody else may enter, and moved when its permissions are right. Where the file
 * system knows no permissions the socket is made in its place.
 */
final class OwnerSocket {
  private final Path wanted;

  /** Where the socket is made; null if in its place. */
  private final @Nullable Path folder;

  private OwnerSocket(Path wanted, @Nullable Path folder) {
    this.wanted = wanted;
    this.folder = folder;
  }

  static OwnerSocket at(Address.Unix address) throws IOException {
    Path wanted = Path.of(address.path()).toAbsolutePath();
    Path parent = wanted.getParent();
    if (parent == null || !Files.isDirectory(parent) || !hasPermissions(parent)) {
      return new OwnerSocket(wanted, null);
    }
    // A short name: the path of a socket has about a hundred bytes.
    int number = 0;
    while (!make(parent.resolve(".m" + number))) {
      number++;
    }
    return new OwnerSocket(wanted, parent.resolve(".m" + number));
  }

  /** Nothing, if it is another server's, which may be gone. */
  private static boolean make(Path folder) throws IOException {
    try {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private static boolean hasPermissions(Path path) {
    return Files.getFileAttributeView(path, PosixFileAttributeView.class) != null;
  }

  /** What to bind to. */
  Address.Unix first() {
    return new Address.Unix((folder == null ? wanted : folder.resolve("s")).toString());
  }

  /** Once it is bound. */
  void publish() throws IOException {
    if (folder != null) {
      Path made = folder.resolve("s");
      Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
      Files.move(made, wanted, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Whether it was published or not. */
  void removeFolder() throws IOException {
    if (folder != null) {
      Files.deleteIfExists(folder.resolve("s"));
      Files.deleteIfExists(folder);
    }
  }
}
