// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Runs every test: the methods without arguments of the classes below, each on a new object.
 *
 * <p>Arguments: cases.tsv, layout.tsv, and if any the names of the classes to run.
 */
final class Tests {
  private static final List<Class<?>> ALL =
      List.of(
          CasesTest.class,
          LayoutTest.class,
          BucketTest.class,
          BreakerTest.class,
          GuardTest.class,
          PermitTest.class,
          AsyncTest.class,
          ErrorsTest.class,
          ThreadsTest.class,
          SharedTest.class,
          GarbageTest.class,
          LifetimeTest.class);

  static Path cases;
  static Path layout;
  static int casesReplayed;
  static int linesCompared;

  private Tests() {}

  public static void main(String[] args) throws Exception {
    cases = Path.of(args[0]);
    layout = Path.of(args[1]);
    List<String> only = Arrays.asList(args).subList(2, args.length);
    int passed = 0;
    int failed = 0;
    for (Class<?> tests : ALL) {
      if (!only.isEmpty() && !only.contains(tests.getSimpleName())) continue;
      for (Method test : methodsOf(tests)) {
        if (passes(tests, test)) passed++;
        else failed++;
      }
    }
    System.out.println(passed + " passed, " + failed + " failed");
    if (failed > 0 || passed == 0) System.exit(1);
    System.out.printf(
        "java: %d tests, %d cases, %d layouts: all as in C%n",
        passed, casesReplayed, linesCompared);
  }

  private static List<Method> methodsOf(Class<?> tests) {
    return Arrays.stream(tests.getDeclaredMethods())
        .filter(m -> m.getParameterCount() == 0 && m.getReturnType() == void.class)
        .filter(m -> !m.isSynthetic())
        .filter(m -> !Modifier.isPrivate(m.getModifiers()))
        .sorted(Comparator.comparing(Method::getName))
        .toList();
  }

  private static boolean passes(Class<?> tests, Method test) throws Exception {
    Constructor<?> constructor = tests.getDeclaredConstructor();
    try {
      test.invoke(constructor.newInstance());
      return true;
    } catch (InvocationTargetException failure) {
      System.out.println("FAILED " + tests.getSimpleName() + "." + test.getName());
      failure.getCause().printStackTrace(System.out);
      return false;
    }
  }
}
