package dev.kinema.checkpoint;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of the parameters of a video ResNet in other people's checkpoints, turned into PySlowFast's, which Kinema uses. A name
 * that is not of the family comes back as it is, so that it is reported under the name the file has.
 */
final class ParameterNames {
    private static final Pattern VIDEO_STEM = Pattern.compile("blocks\\.0\\.(conv|norm)\\.(.+)");
    private static final Pattern VIDEO_SHORTCUT = Pattern.compile("blocks\\.([1-4])\\.res_blocks\\.(\\d+)\\.branch1_(conv|norm)\\.(.+)");
    private static final Pattern VIDEO_BRANCH =
            Pattern.compile("blocks\\.([1-4])\\.res_blocks\\.(\\d+)\\.branch2\\.(conv|norm)_([abc])\\.(.+)");
    private static final Pattern VIDEO_HEAD = Pattern.compile("blocks\\.5\\.proj\\.(.+)");
    private static final Pattern CAFFE2_BLOCK =
            Pattern.compile("res([2-5])_(\\d+)_branch(1|2[abc])(?:_(w)|_bn_(s|b|rm|riv))");
    private static final Pattern CAFFE2_STEM = Pattern.compile("res_conv1_bn_(s|b|rm|riv)");
    /** Caffe2's "riv" holds the running variance as it is, whatever its name suggests: PySlowFast copies it unchanged. */
    private static final Map<String, String> CAFFE2_NORM =
            Map.of("s", "weight", "b", "bias", "rm", "running_mean", "riv", "running_var");
    private static final Map<String, String> CAFFE2_OTHER = Map.of("conv1_w", "s1.pathway0_stem.conv.weight",
            "pred_w", "head.projection.weight", "pred_b", "head.projection.bias");

    private ParameterNames() {}

    /** From PyTorchVideo: stem blocks.0, stages blocks.1 to 4, head blocks.5, possibly below {@code model.}. */
    static String fromPyTorchVideo(String name) {
        String inner = name.startsWith("model.") ? name.substring("model.".length()) : name;
        Matcher m = VIDEO_STEM.matcher(inner);
        if (m.matches()) {
            return "s1.pathway0_stem." + (m.group(1).equals("conv") ? "conv." : "bn.") + m.group(2);
        }
        m = VIDEO_SHORTCUT.matcher(inner);
        if (m.matches()) {
            return block(m.group(1), 1, m.group(2)) + "branch1" + (m.group(3).equals("conv") ? "." : "_bn.") + m.group(4);
        }
        m = VIDEO_BRANCH.matcher(inner);
        if (m.matches()) {
            return block(m.group(1), 1, m.group(2)) + "branch2." + m.group(4) + (m.group(3).equals("conv") ? "." : "_bn.")
                    + m.group(5);
        }
        m = VIDEO_HEAD.matcher(inner);
        return m.matches() ? "head.projection." + m.group(1) : name;
    }

    static boolean isPyTorchVideo(String name) {
        return !fromPyTorchVideo(name).equals(name);
    }

    /** From the blobs of PySlowFast's Caffe2 model zoo. */
    static String fromCaffe2(String blob) {
        Matcher m = CAFFE2_BLOCK.matcher(blob);
        if (m.matches()) {
            String branch = m.group(3).equals("1") ? "branch1" : "branch2." + m.group(3).charAt(1);
            return block(m.group(1), 0, m.group(2)) + branch
                    + (m.group(4) != null ? ".weight" : "_bn." + CAFFE2_NORM.get(m.group(5)));
        }
        m = CAFFE2_STEM.matcher(blob);
        return m.matches() ? "s1.pathway0_stem.bn." + CAFFE2_NORM.get(m.group(1)) : CAFFE2_OTHER.getOrDefault(blob, blob);
    }

    private static String block(String stage, int shift, String index) {
        return "s" + (stage.charAt(0) - '0' + shift) + ".pathway0_res" + index + ".";
    }
}
