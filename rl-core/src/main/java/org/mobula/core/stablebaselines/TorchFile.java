package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mobula.core.stablebaselines.Pickled.Named;
import org.mobula.core.stablebaselines.Pickled.Storage;

/**
 * What torch.save writes since PyTorch 1.6: an archive of a pickle, {@code data.pkl}, and a file
 * for each storage, {@code data/0}, …, all in one folder.
 */
final class TorchFile {
  private static final String PICKLE = "data.pkl";
  private static final int ID_FIELDS = 5;

  private TorchFile() {}

  /**
   * The value that was saved.
   *
   * @param what it is, for errors
   */
  static Object read(String what, byte[] contents, Limits limits) throws IOException {
    ZipArchive archive = new ZipArchive(what, contents, limits);
    Optional<String> pickle =
        archive.names().stream()
            .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
            .findFirst();
    if (pickle.isEmpty()) {
      throw new IOException(
          what + " was not written by torch.save of PyTorch 1.6 or newer: it has no " + PICKLE);
    }
    String folder = pickle.get().substring(0, pickle.get().length() - PICKLE.length());
    byte[] order = archive.find(folder + "byteorder");
    if (order != null && !new String(order, StandardCharsets.US_ASCII).strip().equals("little")) {
      throw new IOException(what + " was written on a machine with the other order of bytes");
    }
    Map<String, Storage> storages = new HashMap<>();
    return Unpickler.read(
        what,
        entry(what, archive, pickle.get()),
        limits,
        id -> storage(what, archive, folder, storages, id));
  }

  private static byte[] entry(String what, ZipArchive archive, String name) throws IOException {
    byte[] bytes = archive.find(name);
    if (bytes == null) {
      throw new IOException(what + " has no " + name);
    }
    return bytes;
  }

  /** By {@code ("storage", class, key, device, numbers)}; tensors may share one. */
  private static Storage storage(
      String what, ZipArchive archive, String folder, Map<String, Storage> known, Object id)
      throws IOException {
    if (!(id instanceof List<?> fields)
        || fields.size() != ID_FIELDS
        || !"storage".equals(fields.get(0))) {
      throw new Unpickler.Refused("its pickle names something beside it that is no storage");
    }
    Named type = Pickled.as(Named.class, "the class of a storage", fields.get(1));
    String key = Pickled.as(String.class, "the key of a storage", fields.get(2));
    long count = Pickled.as(Long.class, "the length of a storage", fields.get(4));
    NumberKind kind =
        NumberKind.ofStorage(type.name())
            .orElseThrow(() -> new Unpickler.Refused("a storage is a " + type.name()));
    Storage storage = known.get(key);
    if (storage == null) {
      storage = new Storage(kind, entry(what, archive, folder + "data/" + key));
      known.put(key, storage);
    }
    if (storage.kind() != kind || count < 0 || count > storage.count()) {
      throw new Unpickler.Refused(
          "a storage says that it holds %,d numbers but holds %,d"
              .formatted(count, storage.count()));
    }
    return storage;
  }
}
