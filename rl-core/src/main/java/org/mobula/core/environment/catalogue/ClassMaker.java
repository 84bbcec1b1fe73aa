package org.mobula.core.environment.catalogue;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import org.mobula.core.environment.Environment;

/** Makes environments of a user's class, found by its name wherever the maker travels to. */
record ClassMaker(String className) implements EnvironmentCatalogue.Maker {

  /** Says early what would go wrong in {@link #make}. */
  Constructor<? extends Environment> requireConstructor() {
    Class<?> type;
    try {
      ClassLoader loader = Thread.currentThread().getContextClassLoader();
      type = Class.forName(className, true, loader);
    } catch (ClassNotFoundException | LinkageError e) {
      throw new IllegalArgumentException(
          "no class " + className + " can be loaded; is its jar or folder on the class path?", e);
    }
    if (!Environment.class.isAssignableFrom(type)) {
      throw new IllegalArgumentException(
          className + " is no environment: it must implement " + Environment.class.getName());
    }
    try {
      return type.asSubclass(Environment.class).getConstructor();
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(
          className + " needs a public constructor without parameters", e);
    }
  }

  @Override
  public Environment make(EnvironmentOptions options) {
    try {
      return requireConstructor().newInstance();
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(
          "the constructor of " + className + " failed: " + e.getCause(), e.getCause());
    } catch (InstantiationException | IllegalAccessException e) {
      throw new IllegalArgumentException(
          className + " must be public and not abstract to be made by name", e);
    }
  }
}
