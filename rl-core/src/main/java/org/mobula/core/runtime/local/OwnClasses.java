package org.mobula.core.runtime.local;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.security.ProtectionDomain;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The classes of one attempt of a task, or of one life of an actor, as a process of their own would
 * have them: loaded afresh from the class path, with static variables and enum constants of their
 * own. The JDK and the module of the runtime are shared, and libraries that load native code, which
 * can be loaded once in a process. A thread whose context class loader this is belongs to the far
 * side.
 */
final class OwnClasses extends ClassLoader {
  /** Of a runtime, that are fresh; whoever comes later finds those of the last one. */
  static final int FRESH = 200;

  private static final List<String> SHARED =
      List.of(
          "java.",
          "javax.",
          "jdk.",
          "sun.",
          "org.jspecify.", // annotations that records of both sides are looked at for
          "org.slf4j.",
          "ai.djl.",
          "io.netty.",
          "jcuda.");

  /** What the loaders of one runtime have in common. */
  static final class Source {
    private final ClassLoader driver;
    private final Set<String> shared;
    private final String ownModule;
    private final Map<String, byte[]> code = new ConcurrentHashMap<>();
    private int loaded;
    private @Nullable OwnClasses last;

    /**
     * Classes as the runtime's own loader finds them: what only another loader of the driver has is
     * not there.
     *
     * @param shared names of classes that both sides have in common
     */
    Source(Set<String> shared) {
      this.driver = LocalTaskRuntime.class.getClassLoader();
      this.shared = Set.copyOf(shared);
      String file = file(LocalTaskRuntime.class.getName());
      String url = String.valueOf(driver.getResource(file));
      this.ownModule = url.substring(0, url.length() - file.length());
    }

    synchronized OwnClasses load() {
      OwnClasses made = last;
      if (made == null || loaded < FRESH) {
        loaded++;
        made = new OwnClasses(this);
        last = made;
      }
      return made;
    }

    ClassLoader driver() {
      return driver;
    }

    /** Null for a class that both sides share, or that is not on the class path. */
    private byte @Nullable [] code(String name) throws ClassNotFoundException {
      if (shared.contains(name) || SHARED.stream().anyMatch(name::startsWith)) {
        return null;
      }
      byte[] known = code.get(name);
      if (known != null) {
        return known;
      }
      URL url = driver.getResource(file(name));
      if (url == null || url.getProtocol().equals("jrt") || url.toString().startsWith(ownModule)) {
        return null;
      }
      try (InputStream in = url.openStream()) {
        byte[] read = in.readAllBytes();
        code.put(name, read);
        return read;
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  private final Source source;

  static {
    registerAsParallelCapable();
  }

  private OwnClasses(Source source) {
    super("mobula-isolated", source.driver);
    this.source = source;
  }

  private static String file(String name) {
    return name.replace('.', '/') + ".class";
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      byte[] code = source.code(name);
      if (code == null) {
        return super.loadClass(name, resolve);
      }
      ProtectionDomain domain = null;
      return defineClass(name, code, 0, code.length, domain);
    }
  }
}
