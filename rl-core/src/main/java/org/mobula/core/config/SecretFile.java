package org.mobula.core.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A file with a token or a private key, which is its owner's alone. File systems without POSIX
 * permissions have rules of their own, which are not looked at.
 */
public final class SecretFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private SecretFile() {}

  /**
   * Refuses a file that others may read or write.
   *
   * @throws InvalidValueException if they may; its message says which command mends it
   */
  public static void check(Path file) throws IOException {
    PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    if (view == null) {
      return;
    }
    Set<PosixFilePermission> found = view.readAttributes().permissions();
    Set<PosixFilePermission> tooMuch =
        EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);
    tooMuch.retainAll(found);
    if (!tooMuch.isEmpty()) {
      throw new InvalidValueException(
          List.of(
              new InvalidValueException.Violation(
                  file.toString(),
                  PosixFilePermissions.toString(found),
                  "must be its owner's alone, since it holds a secret: chmod 600 "
                      + quoted(file))));
    }
  }

  /** As a shell takes it for one word. */
  private static String quoted(Path file) {
    String path = file.toString();
    return path.matches("[\\w@%+=:,./-]+") ? path : "'" + path.replace("'", "'\\''") + "'";
  }

  /**
   * Reads a secret, without the white space around it.
   *
   * @throws InvalidValueException if others may read it, too
   */
  public static String read(Path file) throws IOException {
    check(file);
    return Files.readString(file).strip();
  }

  /** Writes a secret to a file that nobody else can open at any time, in place of a former one. */
  public static void write(Path file, String secret) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path folder = absolute.getParent();
    if (folder == null) {
      throw new FileSystemException(file.toString(), null, "is no file's name");
    }
    boolean posix = Files.getFileAttributeView(folder, PosixFileAttributeView.class) != null;
    FileAttribute<?>[] attributes =
        posix
            ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
            : new FileAttribute<?>[0];
    Files.deleteIfExists(absolute);
    try (var channel =
        Files.newByteChannel(
            absolute,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            attributes)) {
      channel.write(StandardCharsets.UTF_8.encode(secret + "\n"));
    }
  }
}
