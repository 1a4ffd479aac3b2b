package misuse;

import java.io.Serializable;

/**
 * Values of which another version of the application has other classes: a test compiles this file once more, with
 * changes.
 */
final class Versions {
    private Versions() {}

    /** A new value of a kind. */
    static Object of(String kind, String text) {
        return switch (kind) {
            case "basket" -> new Basket(text);
            case "size" -> Size.valueOf(text);
            case "price" -> price(Integer.parseInt(text));
            case "weight" -> weight(text);
            default -> throw new UnsupportedOperationException("no kind " + kind);
        };
    }

    private static Object price(int amount) {
        return new Price(amount);
    }

    private static Object weight(String grams) {
        return new Weight(Integer.parseInt(grams));
    }

    /** The other version says that it is another. */
    static final class Basket implements Serializable {
        private static final long serialVersionUID = 1L;

        private final String text;

        Basket(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return "basket " + text;
        }
    }

    /** The other version has one constant. */
    enum Size {
        SMALL,
        LARGE
    }

    /** The other version has one component more. */
    record Price(int amount) implements Serializable {}

    /** The other version has a component of another type. */
    record Weight(int grams) implements Serializable {}
}
