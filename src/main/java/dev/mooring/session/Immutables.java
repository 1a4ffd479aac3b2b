package dev.mooring.session;

import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.Set;

/**
 * Knows the types whose values can never change, so that nobody has to look whether they did: primitives and their
 * boxes, the JDK's value classes, enums, and records of such. Everything else may change. Thread-safe; keeps no class
 * from being unloaded.
 */
final class Immutables {

    private static final Set<Class<?>> VALUES = Set.of(
            String.class,
            Boolean.class,
            Character.class,
            Byte.class,
            Short.class,
            Integer.class,
            Long.class,
            Float.class,
            Double.class,
            java.math.BigInteger.class,
            java.math.BigDecimal.class,
            java.util.UUID.class,
            java.util.Locale.class,
            java.util.Currency.class,
            java.net.URI.class,
            java.util.regex.Pattern.class,
            Class.class);

    /** Written once, at a login. */
    private static final String LOGIN = "org.eclipse.jetty.security.authentication.SessionAuthentication";

    private static final ClassValue<Boolean> KNOWN = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            return type.isPrimitive()
                    || type.isEnum()
                    || VALUES.contains(type)
                    || type.getName().equals(LOGIN)
                    || type.getPackageName().equals("java.time") && Modifier.isFinal(type.getModifiers())
                    || type.isRecord() && hasOnlyImmutableParts(type);
        }
    };

    private Immutables() {}

    /** Tells whether a value is what it is for good. */
    static boolean contain(Object value) {
        // The constants of an enum may have classes of their own.
        return value instanceof Enum<?> || KNOWN.get(value.getClass());
    }

    // By the declared types: one that is not final may hold a subclass, and records of records could go in circles.
    private static boolean hasOnlyImmutableParts(Class<?> type) {
        for (RecordComponent part : type.getRecordComponents()) {
            Class<?> declared = part.getType();
            boolean exact = declared.isEnum() || Modifier.isFinal(declared.getModifiers()) && !declared.isRecord();
            if (!exact || !KNOWN.get(declared)) {
                return false;
            }
        }
        return true;
    }
}
