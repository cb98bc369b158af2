// SPDX-License-Identifier: BSD-2-Clause
package rheo;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * For every line of layout.tsv: bytes put where C has a field come out of Java's method of that
 * name and of no other; what is set in Java lands there and nowhere else.
 */
final class LayoutTest {
  private static final List<String> HIDDEN = List.of("struct_size", "reserved");

  void every_field_is_where_C_has_it() throws Exception {
    for (String line : Files.readAllLines(Tests.layout)) {
      String[] parts = line.split("\t");
      Class<?> type = Class.forName("rheo." + pascal(parts[0]));
      int offset = Integer.parseInt(parts[2]);
      int size = Integer.parseInt(parts[3]);
      try {
        if (parts[1].isEmpty()) Check.equal(size, type.getDeclaredField("SIZE").get(null));
        else if (type.isRecord()) readRecord(type, parts[1], offset, size);
        else if (type == Verdict.class) readVerdict(parts[1], offset, size);
        else setConfig(type, parts[1], offset, size);
      } catch (AssertionError | ReflectiveOperationException error) {
        throw new AssertionError(line, error);
      }
      Tests.linesCompared++;
    }
  }

  /** 1 where an int may be an enum's, else bytes that tell their places. */
  private static void fill(ByteBuffer bytes, int offset, int size) {
    if (size == 4) bytes.putInt(offset, 1);
    else for (int i = 0; i < size; i++) bytes.put(offset + i, (byte) (i + 1));
  }

  private static void compare(
      String field, Map<String, Object> before, Map<String, Object> after, int size) {
    ByteBuffer pattern = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    fill(pattern, 0, size);
    for (String name : before.keySet()) {
      boolean its = name.equals(camel(field));
      Check.that(its != before.get(name).equals(after.get(name)), field + " and " + name);
      if (its) Check.equal(number(pattern, size), plain(after.get(name)));
    }
    Check.that(before.containsKey(camel(field)) != HIDDEN.contains(field), field);
  }

  private static Object number(ByteBuffer pattern, int size) {
    if (size == 4) return (long) pattern.getInt(0);
    if (size == 8) return pattern.getLong(0);
    return List.of(
        pattern.getLong(0), pattern.getLong(8), pattern.getLong(16), pattern.getLong(24));
  }

  private static Object plain(Object value) {
    if (value instanceof Status status) return (long) status.code();
    if (value instanceof Enum<?> one) return (long) one.ordinal();
    return value instanceof Integer number ? (Object) number.longValue() : value;
  }

  private static void readRecord(Class<?> type, String field, int offset, int size)
      throws ReflectiveOperationException {
    int at = 16;
    ByteBuffer bytes = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());
    Map<String, Object> before = components(type, bytes, at);
    fill(bytes, at + offset, size);
    compare(field, before, components(type, bytes, at), size);
  }

  private static Map<String, Object> components(Class<?> type, ByteBuffer bytes, int at)
      throws ReflectiveOperationException {
    Method of = type.getDeclaredMethod("of", ByteBuffer.class, int.class);
    Object record = of.invoke(null, bytes, at);
    Map<String, Object> values = new LinkedHashMap<>();
    for (RecordComponent part : type.getRecordComponents()) {
      values.put(part.getName(), part.getAccessor().invoke(record));
    }
    return values;
  }

  private static void readVerdict(String field, int offset, int size)
      throws ReflectiveOperationException {
    Verdict verdict = new Verdict();
    Map<String, Object> before = answers(verdict);
    fill(verdict.bytes, offset, size);
    compare(field, before, answers(verdict), size);
  }

  private static Map<String, Object> answers(Verdict verdict) throws ReflectiveOperationException {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Method method : Verdict.class.getDeclaredMethods()) {
      if (method.getName().equals("address")) continue;
      values.put(method.getName(), method.invoke(verdict));
    }
    return values;
  }

  private static void setConfig(Class<?> type, String field, int offset, int size)
      throws ReflectiveOperationException {
    Struct config = (Struct) type.getDeclaredConstructor().newInstance();
    if (field.equals("struct_size")) {
      Check.equal(config.array.length, config.bytes.getInt(offset));
      Check.equal(4, size);
      return;
    }
    Check.equal(field.equals("reserved") ? 0L : 1L, setters(type, field));
    if (field.equals("reserved")) return;
    ByteBuffer expected = ByteBuffer.allocate(config.array.length).order(ByteOrder.nativeOrder());
    Arrays.fill(config.array, (byte) 0);
    fill(expected, offset, size);
    for (Method method : type.getDeclaredMethods()) {
      if (!method.getName().equals(camel(field)) || method.getReturnType() != type) continue;
      if (method.getParameterCount() == 2) {
        for (int i = 0; i < size / 8; i++)
          method.invoke(config, i, expected.getLong(offset + i * 8));
      } else if (size == 4) {
        method.invoke(config, expected.getInt(offset));
      } else {
        method.invoke(config, expected.getLong(offset));
      }
    }
    Check.equal(expected.rewind(), ByteBuffer.wrap(config.array));
  }

  private static long setters(Class<?> type, String field) {
    return Arrays.stream(type.getDeclaredMethods())
        .filter(m -> m.getName().equals(camel(field)) && m.getReturnType() == type)
        .count();
  }

  private static String camel(String name) {
    String joined = pascal("rheo_" + name + "_t");
    return Character.toLowerCase(joined.charAt(0)) + joined.substring(1);
  }

  private static String pascal(String name) {
    StringBuilder joined = new StringBuilder();
    for (String part : name.substring("rheo_".length(), name.length() - 2).split("_")) {
      joined.append(Character.toUpperCase(part.charAt(0))).append(part.substring(1));
    }
    return joined.toString();
  }
}
