package org.mobula.core.environment.catalogue;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentFactory;

/** Makes environments of a user's class, found by its name wherever the maker travels to. */
record ClassMaker(String className) implements EnvironmentCatalogue.Maker {

  /** Makes batches by a user's factory. */
  record Batches(String className) implements EnvironmentCatalogue.VectorMaker {
    @Override
    public VectorEnvironment make(EnvironmentOptions options, int count) {
      return ((VectorEnvironmentFactory) newInstance(className)).create(count);
    }
  }

  /**
   * The maker for a class.
   *
   * @throws IllegalArgumentException if it cannot be loaded, is neither an environment nor a
   *     factory of batches, or cannot be made without parameters
   */
  static EnvironmentCatalogue.Maker of(String className) {
    Class<?> type = requireConstructor(className).getDeclaringClass();
    return VectorEnvironmentFactory.class.isAssignableFrom(type)
        ? new Batches(className)
        : new ClassMaker(className);
  }

  private static Constructor<?> requireConstructor(String className) {
    Class<?> type;
    try {
      ClassLoader loader = Thread.currentThread().getContextClassLoader();
      type = Class.forName(className, true, loader);
    } catch (ClassNotFoundException | LinkageError e) {
      throw new IllegalArgumentException(
          "no class " + className + " can be loaded; is its jar or folder on the class path?", e);
    }
    if (!Environment.class.isAssignableFrom(type)
        && !VectorEnvironmentFactory.class.isAssignableFrom(type)) {
      throw new IllegalArgumentException(
          "%s is no environment: it must implement %s, or %s where environments come in batches"
              .formatted(
                  className,
                  Environment.class.getName(),
                  VectorEnvironmentFactory.class.getName()));
    }
    try {
      return type.getConstructor();
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(
          className + " needs a public constructor without parameters", e);
    }
  }

  private static Object newInstance(String className) {
    try {
      return requireConstructor(className).newInstance();
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(
          "the constructor of " + className + " failed: " + e.getCause(), e.getCause());
    } catch (InstantiationException | IllegalAccessException e) {
      throw new IllegalArgumentException(
          className + " must be public and not abstract to be made by name", e);
    }
  }

  @Override
  public Environment make(EnvironmentOptions options) {
    return (Environment) newInstance(className);
  }
}
