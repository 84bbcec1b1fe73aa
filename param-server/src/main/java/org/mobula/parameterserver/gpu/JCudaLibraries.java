package org.mobula.parameterserver.gpu;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Where JCuda's native libraries come from. JCuda unpacks each into {@code java.io.tmpdir} under a
 * name that anybody can foresee, and takes a file that already lies there for its own. So its
 * classes are initialised here alone: for that moment the property names a new directory that only
 * this user may enter, and the directory is deleted as soon as the libraries are in memory.
 */
final class JCudaLibraries {
  private static final String TEMPORARY_DIRECTORY = "java.io.tmpdir";

  private JCudaLibraries() {}

  /**
   * Calls JCuda where the call may be the first to need a library.
   *
   * @throws UncheckedIOException if no directory can be made
   * @throws LinkageError if the library does not load
   */
  static <T> T load(Supplier<T> call) {
    synchronized (JCudaLibraries.class) { // two threads would set the property back to each other's
      String before = System.getProperty(TEMPORARY_DIRECTORY);
      Path own;
      try {
        own = Files.createTempDirectory("mobula-jcuda-"); // its owner's alone
      } catch (IOException e) {
        throw new UncheckedIOException(
            "no directory can be made in %s to load JCuda's library from".formatted(before), e);
      }
      System.setProperty(TEMPORARY_DIRECTORY, own.toString());
      try {
        return call.get();
      } finally {
        System.setProperty(TEMPORARY_DIRECTORY, before);
        delete(own);
      }
    }
  }

  /** A library in use cannot be deleted on Windows; there the end of the process does it. */
  private static void delete(Path directory) {
    try (DirectoryStream<Path> libraries = Files.newDirectoryStream(directory)) {
      for (Path library : libraries) {
        Files.delete(library);
      }
      Files.delete(directory);
    } catch (IOException e) {
      directory.toFile().deleteOnExit(); // the files go first: the last registered is the first
      for (File left : Objects.requireNonNullElse(directory.toFile().listFiles(), new File[0])) {
        left.deleteOnExit();
      }
    }
  }
}
