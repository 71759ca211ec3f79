package dev.kinema;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/** The fields and methods that a class file refers to, from its constant pool (Java Virtual Machine Specification, section 4.4). */
final class ClassMembers {
    private final Object[] values;
    private final int[] tags;

    private ClassMembers(int count) {
        values = new Object[count];
        tags = new int[count];
    }

    /** Names such as {@code java.lang.System.out}. */
    static Set<String> referredToBy(byte[] classFile) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile));
        in.skipBytes(8);
        ClassMembers pool = new ClassMembers(in.readUnsignedShort());
        for (int i = 1; i < pool.tags.length; i++) {
            pool.read(in, i);
            if (pool.tags[i] == 5 || pool.tags[i] == 6) {
                i++; // a long or a double takes two entries
            }
        }
        return pool.members();
    }

    private void read(DataInputStream in, int i) throws IOException {
        tags[i] = in.readUnsignedByte();
        switch (tags[i]) {
            case 1 -> values[i] = in.readUTF();
            case 3, 4 -> in.skipBytes(4);
            case 5, 6 -> in.skipBytes(8);
            case 7, 8, 16, 19, 20 -> values[i] = new int[] {in.readUnsignedShort()};
            case 9, 10, 11, 12, 17, 18 -> values[i] = new int[] {in.readUnsignedShort(), in.readUnsignedShort()};
            case 15 -> in.skipBytes(3);
            default -> throw new IOException("constant " + i + " has the unknown tag " + tags[i]);
        }
    }

    private Set<String> members() {
        Set<String> names = new TreeSet<>();
        for (int i = 1; i < tags.length; i++) {
            if (tags[i] >= 9 && tags[i] <= 11) {
                int[] reference = (int[]) values[i];
                String owner = text(at(reference[0])[0]);
                names.add(owner.replace('/', '.') + "." + text(at(reference[1])[0]));
            }
        }
        return names;
    }

    private int[] at(int i) {
        return (int[]) values[i];
    }

    private String text(int i) {
        return (String) values[i];
    }
}
