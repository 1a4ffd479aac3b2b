package dev.mooring.session;

import java.io.IOException;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds what keeps a value from being serialised, and names it by its path: {@code cart.items[3].listener of com.x.Y}.
 * It goes from the value into whichever part fails by itself, as far as it can look into them. Dear, so for messages
 * only. For one thread and one search.
 */
final class Serialisability {

    /** No message needs a longer path. */
    private static final int DEEPEST = 30;

    private final AttributeCodec codec;
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    private Serialisability(AttributeCodec codec) {
        this.codec = codec;
    }

    /** Returns the path to the innermost part of a value that fails to be serialised, and its class. */
    static String culprit(AttributeCodec codec, String name, Object value) {
        try {
            return new Serialisability(codec).search(name, value, 0);
        } catch (RuntimeException | StackOverflowError e) {
            // It changes while one looks, or its own code fails.
            return name + " of " + value.getClass().getName();
        }
    }

    private String search(String path, Object value, int depth) {
        seen.add(value);
        String inner = value instanceof Serializable && depth < DEEPEST ? searchParts(path, value, depth + 1) : null;
        return inner != null ? inner : path + " of " + value.getClass().getName();
    }

    private @Nullable String searchParts(String path, Object value, int depth) {
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                String inner = searchPart(path + ".key", entry.getKey(), depth);
                if (inner == null) {
                    inner = searchPart(path + ".value", entry.getValue(), depth);
                }
                if (inner != null) {
                    return inner;
                }
            }
        } else if (value instanceof Iterable<?> parts) {
            int index = 0;
            for (Object part : parts) {
                String inner = searchPart(path + "[" + index++ + "]", part, depth);
                if (inner != null) {
                    return inner;
                }
            }
        } else if (value instanceof Object[] parts) {
            for (int index = 0; index < parts.length; index++) {
                String inner = searchPart(path + "[" + index + "]", parts[index], depth);
                if (inner != null) {
                    return inner;
                }
            }
        }
        return searchFields(path, value, depth);
    }

    private @Nullable String searchFields(String path, Object value, int depth) {
        for (Class<?> type = value.getClass(); type != null && Serializable.class.isAssignableFrom(type); ) {
            for (Field field : type.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (!Modifier.isStatic(modifiers) && !Modifier.isTransient(modifiers)) {
                    String inner = searchPart(path + "." + field.getName(), read(field, value), depth);
                    if (inner != null) {
                        return inner;
                    }
                }
            }
            type = type.getSuperclass();
        }
        return null;
    }

    private @Nullable String searchPart(String path, @Nullable Object part, int depth) {
        if (part == null || seen.contains(part)) {
            return null;
        }
        try {
            codec.encode(part);
            return null;
        } catch (IOException e) {
            return search(path, part, depth);
        }
    }

    // The JDK's own classes do not let themselves be looked into.
    private static @Nullable Object read(Field field, Object owner) {
        if (field.getType().isPrimitive()) {
            return null;
        }
        try {
            field.setAccessible(true);
            return field.get(owner);
        } catch (InaccessibleObjectException | IllegalAccessException e) {
            return null;
        }
    }
}
