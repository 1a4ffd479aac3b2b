package dev.mooring.model;

import java.io.StreamCorruptedException;

/**
 * The bytes are of a newer version of this module, which another node runs already: not readable here, and not damaged.
 */
public final class NewerFormatException extends StreamCorruptedException {

    private static final long serialVersionUID = 1L;

    /**
     * Names both formats.
     *
     * @param message what was read, its format, and the one expected
     */
    public NewerFormatException(String message) {
        super(message);
    }
}
