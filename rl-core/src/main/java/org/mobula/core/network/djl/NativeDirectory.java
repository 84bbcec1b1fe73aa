package org.mobula.core.network.djl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where DJL keeps the native libraries that it loads, also those that lie there already: nobody
 * else may put any there. It is in the user's home; where that cannot be written, as a service's,
 * in the directory for temporary files, which is everybody's.
 */
final class NativeDirectory {
  private NativeDirectory() {}

  /**
   * Makes it for its owner alone, or looks whose it is. File systems without owners have rules of
   * their own.
   *
   * @throws IllegalStateException if somebody else may have put libraries there
   */
  static void secure(Path directory) throws IOException {
    Path absolute = directory.toAbsolutePath();
    if (!absolute.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return;
    }
    Path parent = absolute.getParent();
    if (!Files.exists(absolute, LinkOption.NOFOLLOW_LINKS) && parent != null) {
      Files.createDirectories(parent);
      Files.createDirectory(
          absolute,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    Path own = Files.createTempFile("mobula", null);
    int user = (int) Files.getAttribute(own, "unix:uid");
    Files.delete(own);
    check(absolute, user, LinkOption.NOFOLLOW_LINKS);
    if (Files.isSymbolicLink(absolute)) {
      check(absolute, user);
    }
  }

  private static void check(Path directory, int user, LinkOption... links) throws IOException {
    int owner = (int) Files.getAttribute(directory, "unix:uid", links);
    boolean open =
        !Files.isSymbolicLink(directory)
            && Files.getPosixFilePermissions(directory).contains(PosixFilePermission.OTHERS_WRITE);
    if (open || (owner != user && owner != 0)) {
      throw new IllegalStateException(
          "native libraries would be loaded from %s, %s: set DJL_CACHE_DIR to a directory of your own"
              .formatted(
                  directory,
                  open ? "where everybody can put some" : "which belongs to another user"));
    }
  }
}
